"""The mark in a name: what it says, and what a name alone never says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.capabilities import Complaint, complaints, manifest_name
from reconciler.core.keys import After, OpId
from reconciler.core.ownership import Mark, mark_name, mark_of, op_tag, read_mark, stack_tag
from tests.core.builders import ABLE, AGENTS, DAY, TEMPLATE, key, op

FAST = settings(database=None, deadline=None, derandomize=True)
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


def test_a_mark_says_which_stack_and_which_operation() -> None:
    mark = mark_of("acme", op("crm-a"))
    assert mark == Mark(stack_tag("acme"), op_tag(op("crm-a")))
    assert read_mark(f"crm-a.{mark}") == mark
    assert read_mark(f"crm-a ({mark}) copy") == mark


@pytest.mark.parametrize(
    "name",
    [
        "",
        "crm-a",
        "kw-",
        "crm-a.kw-12345-12345678",
        "crm-a.kw-ABCDEF-12345678",
        "kw-123456-1234567",
    ],
)
def test_a_name_without_a_whole_mark_is_nobodys(name: str) -> None:
    assert read_mark(name) is None


def test_a_longer_word_is_not_a_mark() -> None:
    assert read_mark("xkw-123456-12345678") is None
    assert read_mark("kw-123456-123456789") is None


@FAST
@given(name=st.text(max_size=200), hexes=HEX, limit=st.one_of(st.none(), st.integers(19, 120)))
def test_a_marked_name_can_be_read_again_and_keeps_to_the_limit(
    name: str, hexes: str, limit: int | None
) -> None:
    mark = mark_of("acme", OpId(hexes))
    marked = mark_name(TEMPLATE, name, mark, limit)
    assert limit is None or len(marked) <= max(limit, len(f".{mark}"))
    assert marked.endswith(str(mark))
    if read_mark(name) is None:
        assert read_mark(marked) == mark


@pytest.mark.parametrize("template", ["{name}.{mark}", "{mark}-{name}", "{name} ({mark})"])
def test_every_template_gives_a_mark_that_is_found_again(template: str) -> None:
    mark = mark_of("acme", op("crm-a"))
    assert read_mark(mark_name(template, "crm-a", mark, 60)) == mark


def test_what_a_dialect_cannot_honour_is_named_with_its_reason() -> None:
    declared = key("crm-a", rate_limit=5, lifetime=After(DAY), also={"options.colour": "red"})
    assert complaints(declared, ABLE) == (
        Complaint(
            "options.colour",
            "cannot be honoured: memory knows no such option (it has: agent_ids)",
        ),
    )
    bare = type(ABLE)(dialect="bare", fields=frozenset(), mutable=frozenset())
    assert [each.field for each in complaints(declared, bare)] == [
        "options.colour",
        "rate_limit",
        "expires",
    ]
    assert "it has: none" in complaints(declared, bare)[0].predicate
    expiry = complaints(declared, bare)[2]
    assert expiry.predicate == "cannot be honoured: bare keys have no expiry; remove `expires`"


def test_options_keep_their_name_in_the_manifest() -> None:
    assert manifest_name(AGENTS) == AGENTS
    assert manifest_name("expires_at") == "expires"
