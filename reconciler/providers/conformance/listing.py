"""Checks of getting in and of looking: credentials, tenant, the list and its pages."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.keys import KeyId
from reconciler.core.observed import REACH_UNTOLD
from reconciler.interfaces.driver import Done
from reconciler.providers.conformance.bench import Bench
from reconciler.providers.conformance.verdicts import BrokenError, NoneError, UntoldError
from reconciler.providers.dialect.calls import Chained, NoPaging, OffsetPaging, PagePaging
from reconciler.providers.dialect.model import Dialect

_SMALL = 2
_ABSENT = "00000000-0000-4000-8000-000000000000"


async def access(bench: Bench) -> str:
    """The credentials open the list."""
    view = await bench.survey()
    return f"the list opens, with {len(view.keys)} keys in it"


async def tenant(bench: Bench) -> str:
    """The API says which tenant this is, and says the same again."""
    if bench.dialect.tenant.told is None:
        raise NoneError("the dialect has no `tenant.told`")
    await bench.make()
    first, second = await bench.survey(), await bench.survey()
    if first.tenant is None:
        raise BrokenError("the API's answers do not tell the tenant where the dialect looks")
    if first.tenant != second.tenant:
        raise BrokenError(f"the tenant was {first.tenant}, and then {second.tenant}")
    return f"the API says {first.tenant}"


async def new_key_is_listed(bench: Bench) -> str:
    """A new key appears in the list under its id, and looks there as it did when it was made."""
    made = await bench.make()
    listed = await bench.show(made.key.id)
    if listed.attributes != made.key.attributes:
        fields = _differing(listed.attributes.mapping(), made.key.attributes.mapping())
        raise BrokenError(f"the list shows other values than the creation did: {fields}")
    if listed.created_at is None and bench.dialect.identity.created_at is not None:
        raise BrokenError("the list does not tell when the key was made")
    return "a new key is listed, as it was made"


async def pages(bench: Bench) -> str:
    """Many small pages show the same keys as few large ones."""
    paging = bench.dialect.operations.list.paging
    if isinstance(paging, NoPaging):
        raise NoneError("everything comes in one answer")
    for _ in range(2 * _SMALL + 1):
        await bench.make()
    whole = {key.id for key in (await bench.survey()).keys}
    small = _in_small_pages(bench.dialect)
    if small is None:
        raise UntoldError("the size of a page cannot be chosen")
    found = {key.id for key in (await bench.survey(bench.drive(small))).keys}
    if found != whole:
        raise BrokenError(f"pages of {_SMALL} show {len(found)} keys, large ones {len(whole)}")
    return f"{len(whole)} keys, the same in pages of {_SMALL}"


async def look_up(bench: Bench) -> str:
    """A key is found by its id, and an id that does not exist is told as absent."""
    made = await bench.make()
    shown = bench.done(await bench.driver.get(made.key.id), "a new key was not found by its id")
    if shown is None:
        raise BrokenError("a new key is called absent when it is looked up")
    if shown.attributes != (await bench.show(made.key.id)).attributes:
        raise BrokenError("a look-up by id shows other values than the list")
    await _absent_is_told(bench, made.key.id)
    return "found by its id; an id that does not exist is called absent"


async def reach(bench: Bench) -> str:
    """What else a key opens is told."""
    if bench.dialect.reach is None:
        raise NoneError("the dialect has no `reach`")
    view = await bench.survey()
    if REACH_UNTOLD in view.reach:
        raise BrokenError("what a key reaches could not be read")
    return f"reaches {', '.join(view.reach)}" if view.reach else "reaches nothing else here"


async def _absent_is_told(bench: Bench, like: KeyId) -> None:
    """Ask for an id of the same form that cannot exist."""
    absent = KeyId(_ABSENT if len(like) == len(_ABSENT) else like[:-1] + _other(like[-1]))
    match await bench.driver.get(absent):
        case Done(None):
            return
        case Done(_):
            raise UntoldError("the id that was made up for the check does exist")
        case other:
            raise BrokenError(f"an absent key is not told as absent: {other.reason}")


def _other(digit: str) -> str:
    return "0" if digit != "0" else "1"


def _in_small_pages(dialect: Dialect) -> Dialect | None:
    """Give a dialect that asks for small pages; None where their size cannot be chosen."""
    operation = dialect.operations.list
    match operation.paging:
        case PagePaging(size=str()) | OffsetPaging(limit=str()):
            paging = operation.paging.model_copy(update={"page_size": _SMALL})
            listing = operation.model_copy(update={"paging": paging})
        case Chained(size=str() as size):
            listing = operation.model_copy(update={"query": {**operation.query, size: _SMALL}})
        case _:
            return None
    operations = dialect.operations.model_copy(update={"list": listing})
    return dialect.model_copy(update={"operations": operations})


def _differing(one: Mapping[str, object], other: Mapping[str, object]) -> str:
    return ", ".join(sorted(n for n in one.keys() | other.keys() if one.get(n) != other.get(n)))
