"""Every error that Keywright raises, as one tree.

KeywrightError                 one sentence, the place, what was and was not done, what to do next
├── UsageError                 the command line was used wrongly                       exit 1
├── ManifestError              keys.yaml has problems, all of them at once             exit 1
├── RefusedError               a guard or policy said no; nothing was changed          exit 3
├── InterruptedRunError        SIGINT or SIGTERM ended the run                         exit 130
├── ProviderError              a live key API could not be used                        exit 1
│   └── DialectError           a dialect file has problems, all of them at once
├── StoreError                 a secrets manager could not be used                     exit 1
│   ├── StoreRefusedError      it answered no: right, size, foreign slot; retrying is useless
│   ├── StoreUnavailableError  it did not answer; the outcome of a write is unknown
│   └── StoreConflictError     somebody else wrote since we looked
├── SpoolError                 a secret could not be laid down or taken up             exit 1
└── StateError                 what we recorded cannot be used                         exit 1
    ├── StateMissingError      there is none: `init` makes one
    ├── StateDamagedError      it cannot be read, or is another stack's
    ├── StateTooNewError       written by a newer Keywright
    ├── StateLockedError       another run holds it
    ├── StateConflictError     a row changed since it was read
    └── LockLostError          our epoch is over: another run took the lock

No message of any of them ever holds a secret: what goes in is addresses, names, ids and status
codes, cleaned of control characters where they are shown (`render`).
"""

from __future__ import annotations

from typing import ClassVar


class KeywrightError(Exception):
    """What went wrong, in the four parts a person on call needs.

    `what` is one sentence. `where` is a place such as `keys.yaml:14:7`, a key's address or an
    HTTP call. `effect` says what was and was not done. `remedy` says what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        effect: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.effect = effect
        self.remedy = remedy

    def __str__(self) -> str:
        """All four parts on one line."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        tail = (part for part in (self.effect, self.remedy) if part)
        return " ".join((_sentence(head), *map(_sentence, tail)))


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


class UsageError(KeywrightError):
    """The command line was used wrongly."""


class ManifestError(KeywrightError):
    """The manifest has problems; `problems` holds every one, each with its place."""

    def __init__(self, problems: tuple[str, ...], *, remedy: str | None = None) -> None:
        count = len(problems)
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} in the manifest",
            effect="Nothing was changed",
            remedy=remedy,
        )
        self.problems = problems

    def __str__(self) -> str:
        """One problem a line: this is the one error that is a list."""
        return "\n".join(self.problems)


class RefusedError(KeywrightError):
    """Guards refused the plan; `refusals` holds every sentence, not only the first."""

    exit_code = 3

    def __init__(self, refusals: tuple[str, ...], *, changed: bool = False) -> None:
        effect = "What an earlier run left open was settled; nothing else was changed"
        super().__init__("; ".join(refusals), effect=effect if changed else "Nothing was changed")
        self.refusals = refusals


class InterruptedRunError(KeywrightError):
    """A signal ended the run."""

    exit_code = 130


class ProviderError(KeywrightError):
    """A live key API could not be used."""


class DialectError(ProviderError):
    """A dialect file has problems; `problems` holds every one, each with its place."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the dialect")
        self.problems = problems

    def __str__(self) -> str:
        """One problem a line."""
        return "\n".join(self.problems)


class StoreError(KeywrightError):
    """A secrets manager could not be used."""


class StoreRefusedError(StoreError):
    """The store answered no; the same call would be refused again."""


class StoreUnavailableError(StoreError):
    """The store did not answer; whether a write took effect is unknown."""


class StoreConflictError(StoreError):
    """The slot changed since we looked at it."""


class SpoolError(KeywrightError):
    """A secret could not be laid down in, or taken up from, the spool."""


class StateError(KeywrightError):
    """What we recorded cannot be used."""


class StateMissingError(StateError):
    """There is no state for this stack."""


class StateDamagedError(StateError):
    """The state cannot be read, or belongs to another stack."""


class StateTooNewError(StateError):
    """A newer Keywright wrote this state."""


class StateLockedError(StateError):
    """Another run holds the stack."""


class StateConflictError(StateError):
    """A row changed since it was read."""


class LockLostError(StateError):
    """Our epoch is over: nothing more may be written."""
