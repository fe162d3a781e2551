"""How each kind of action looks: its symbol, its header, and its line in the legend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from reconciler.core.steps import Action
from reconciler.render.blocks import Mark, head_column
from reconciler.render.lines import BLANK, Line, Span, Style, say


class Look(NamedTuple):
    """How one kind of action looks: its symbol, its header, its line in the legend."""

    mark: Mark
    header: str
    legend: str


CHANGE = Mark("~", Style.CHANGE)
CREATE = Mark("+", Style.ADD)
REMOVE = Mark("-", Style.REMOVE)
LOOKS: Final[Mapping[Action, Look]] = {
    Action.RECOVER: Look(
        Mark("~", Style.WAIT),
        "is left over from an interrupted run",
        "finish or undo what an interrupted run left over",
    ),
    Action.REVOKE: Look(
        Mark("-", Style.LOUD), "will be revoked at once", "revoke what is compromised, at once"
    ),
    Action.CREATE: Look(CREATE, "will be created", "create"),
    Action.ROTATE: Look(
        Mark("+/-", Style.ADD),
        "must be replaced",
        "create replacement and then retire the old key",
    ),
    Action.UPDATE: Look(CHANGE, "will be updated in-place", "update in-place"),
    Action.ENABLE: Look(CHANGE, "will be enabled", "enable"),
    Action.DISABLE: Look(CHANGE, "will be disabled", "disable"),
    Action.VERIFY: Look(CHANGE, "will be tried out", "try out"),
    Action.RESTORE: Look(CHANGE, "will get its former key back", "bring the former key back"),
    Action.NOTIFY: Look(CHANGE, "consumers will be told", "tell consumers"),
    Action.PROVIDE: Look(CHANGE, "will be given to its gateway", "give a secret to a gateway"),
    Action.SWITCH_ON: Look(
        CHANGE, "will have all its keys switched on", "switch all keys of a provider on"
    ),
    Action.SWITCH_OFF: Look(
        CHANGE, "will have all its keys switched off", "switch all keys of a provider off"
    ),
    Action.DEPLOY: Look(CHANGE, "will be deployed", "deploy"),
    Action.REDEPLOY: Look(
        CHANGE, "will be deployed, once keys are gone", "deploy, once keys are gone"
    ),
    Action.RETIRE: Look(
        CHANGE, "will be disabled now, and destroyed later", "disable now, destroy later"
    ),
    Action.DELETE: Look(REMOVE, "will be destroyed", "destroy"),
    Action.FORGET: Look(CHANGE, "will be forgotten", "forget"),
    Action.HOLD: Look(Mark("!", Style.WAIT), "waits for you", "wait for you"),
}


def legend(actions: frozenset[Action]) -> Iterator[Line]:
    """Explain the symbols of the actions that occur, and no others."""
    yield say("Actions are indicated with the following symbols:")
    for action in Action:
        if action in actions:
            mark, _, words = LOOKS[action]
            yield Line(
                (Span(f"{mark.symbol} ", mark.style, solid=True), Span(words)),
                head_column(mark, 2),
                4,
            )
    yield BLANK
