"""Steps that have done their part, and whose end waits for a deploy.

A parked step has no result yet. Whatever happens to the deploy, and to the run, its intent stays
open until the step came to its end, so that the next run goes on where this one stopped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from reconciler.core.keys import KeyId
from reconciler.core.steps import Action, Outcome, Result, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """One step that waits for `until`, a deploy of its provider, and the id that it is about.

    `go_on` ends it after the deploy. `give_up` says what it came to without one: it is told the
    outcome and the reason, which are None where nobody lets us deploy.
    """

    step: Step
    key_id: KeyId
    until: Action
    go_on: Callable[[], Awaitable[Result]]
    give_up: Callable[[Outcome | None, str], Awaitable[Result]]
