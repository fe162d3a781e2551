"""YAML text gives this data at these places, with either of PyYAML's parsers."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.documents.places import Data, Path, unpack
from reconciler.documents.yaml_text import Document, ParserFactory, fastest_parser, parse_document

PARSERS: list[ParserFactory] = [fastest_parser(), yaml.SafeLoader]

VALUES: dict[str, Data] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "nUll": "nUll",
    "true": True,
    "False": False,
    "TRUE": True,
    "tRUE": "tRUE",
    "yes": "yes",
    "no": "no",
    "on": "on",
    "off": "off",
    "0": 0,
    "-0": 0,
    "12": 12,
    "-3": -3,
    "+3": "+3",
    "007": "007",
    "0x10": "0x10",
    "0o7": "0o7",
    "1_000": "1_000",
    "12:30": "12:30",
    "1.5": 1.5,
    "1.": "1.",
    ".5": ".5",
    "2e3": 2000.0,
    ".inf": ".inf",
    "1e999": float("inf"),
    "2027-05-02": "2027-05-02",
    "2027-05-02T12:00:00Z": "2027-05-02T12:00:00Z",
    "600/min": "600/min",
    "'12'": "12",
    '"true"': "true",
    "'~'": "~",
    "!!str 12": "12",
    "! 12": "12",
    "!!int 12": 12,
    "!!null ''": None,
    '"\\u00e9\\t"': "é\t",
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", VALUES)
def test_scalars(text: str, parser: ParserFactory) -> None:
    document = parse_document(f"a: {text}\n", parser)
    assert isinstance(document.data, dict)
    value, expected = document.data["a"], VALUES[text]
    assert (value, type(value)) == (expected, type(expected))
    assert not document.faults
    assert document.nulls == ([("a",)] if expected is None else [])


def test_the_names_of_fields_are_always_text() -> None:
    assert parse_document("{1: a, on: b, null: c, true: d, '<<': e}").data == {
        "1": "a",
        "on": "b",
        "null": "c",
        "true": "d",
        "<<": "e",
    }


@pytest.mark.parametrize("text", ["!!int x", "!!float 1", "!!binary aGk=", "!x y", "!!set x"])
def test_tags_are_refused(text: str) -> None:
    document = parse_document(f"a: {text}\n")
    assert [(fault.path, unpack(fault.mark)) for fault in document.faults] == [(("a",), (1, 4))]


PLACED = """\
# a comment, with ünïcode
"é": "日本"  # another
list:
  - one
  - {deep: [x,   yy]}

block: |
  some
  text
after:   x
again: &here {k: v}
alias: *here
"""


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("é",), (2, 1), (2, 6)),
        (("list",), (3, 1), (4, 3)),
        (("list", 0), (4, 5), (4, 5)),
        (("list", 1, "deep"), (5, 6), (5, 12)),
        (("list", 1, "deep", 1), (5, 18), (5, 18)),
        (("block",), (7, 1), (7, 8)),
        (("after",), (10, 1), (10, 10)),
        (("alias",), (12, 1), (12, 8)),
        (("alias", "k"), (11, 15), (11, 18)),
        (("list", 1, "deep", 7), (5, 6), (5, 6)),
        (("list", 1, "shallow"), (5, 5), (5, 5)),
        (("nothing",), (1, 1), (1, 1)),
    ],
)
def test_places(
    path: Path, key: tuple[int, int], value: tuple[int, int], parser: ParserFactory
) -> None:
    document = parse_document(PLACED, parser)
    find = document.places.find
    assert unpack(find(document.data, path, key=True)) == key
    assert unpack(find(document.data, path)) == value


def test_a_tab_is_one_column() -> None:
    document = parse_document("a:\t\tx\t# y\nb: {c:\td}\n")
    assert unpack(document.places.find(document.data, ("a",))) == (1, 5)
    assert unpack(document.places.find(document.data, ("b", "c"))) == (2, 8)


def test_repeated_names_keep_the_first_and_its_place() -> None:
    document = parse_document("a: 1\nb: {c: 1, c: 2, d: 3}\na: {x: y}\n")
    assert document.data == {"a": 1, "b": {"c": 1, "d": 3}}
    assert [(fault.path, unpack(fault.mark)) for fault in document.faults] == [
        (("b", "c"), (2, 11)),
        (("a",), (3, 1)),
    ]
    assert unpack(document.places.find(document.data, ("b", "d"))) == (2, 20)


def test_a_long_line_has_places_too() -> None:
    document = parse_document("{a: '" + "x" * 70_000 + "', b: 1}")
    assert unpack(document.places.find(document.data, ("b",))) == (1, 70_012)


def told(document: Document) -> tuple[Data, list[Path], bool, object]:
    """Everything but the words of broken YAML, which differ between the parsers."""
    faults = [(fault.path, fault.mark, fault.predicate) for fault in document.faults]
    broken = document.broken is not None
    return (None if broken else document.data), document.nulls, broken, not broken and faults


YAMLISH = st.text(alphabet="ab1~:{}[],-&*!<\n '\"#|>?%@", max_size=40)
TAME = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-999, 999), st.text("abc: -1", max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(YAMLISH | st.text(max_size=40) | TAME.map(yaml.safe_dump))
@settings(deadline=None, database=None, max_examples=300)
def test_reading_never_raises_whatever_the_parser(text: str) -> None:
    for parser in PARSERS:
        document = parse_document(text, parser)
        assert document.broken is None or document.broken.sentence


@given(TAME)
@settings(deadline=None, database=None, max_examples=200)
def test_both_parsers_read_the_same_and_as_pyyaml_writes_it(data: Data) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    documents = [parse_document(text, parser) for parser in PARSERS]
    assert told(documents[0]) == told(documents[1])
    assert documents[0].data == data
    assert not documents[0].faults
