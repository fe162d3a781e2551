"""What an answer means: yes with data, a clear no, or nothing that can be relied on.

Only statuses and the API's short codes are looked at and passed on, never its text. An answer with
a good status that calls itself an error is no yes, and only a clear no where the dialect knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias, assert_never

from reconciler.http.answers import Answer, Content, NotSent, Result, Unanswered
from reconciler.http.calls import Call
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import ErrorRule
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.dialect.parts import Match
from reconciler.providers.paths import MISSING, Reader, compile_path

_CODE = re.compile(r"[\w.:-]{1,60}", re.ASCII)
_NO_CONTENT: Final = 204
# A redirect that asks for the same call elsewhere was not carried out here; 302 and 303 often
# follow one that was.
_MOVED: Final = frozenset({301, 307, 308})
_REQUEST_TIMEOUT: Final = 408  # from a proxy: it may have passed on what it had
_SAYINGS: Final = {
    301: "it was redirected elsewhere, and redirects are not followed; correct the base URL",
    307: "it was redirected elsewhere, and redirects are not followed; correct the base URL",
    308: "it was redirected elsewhere, and redirects are not followed; correct the base URL",
    401: "the credentials were refused",
    403: "these credentials may not do this",
    404: "there is nothing at this address; is this the API's base URL?",
    405: "there is no such call; is this the API's base URL?",
    409: "it conflicts with what is there",
    422: "the API found a value invalid",
    429: "too many requests",
}
_HTML: Final = "in HTML, perhaps a login page or proxy"
_NO_ROOM: Final = "there is no room for another one"
_BUSY: Final = "one is running already"
_OWN_WORDS: Final = frozenset({Content.JSON, Content.EMPTY})
_MAKING: Final = frozenset({Action.CREATE, Action.PUT_UPSTREAM})
# Nothing of what these answer is needed: an empty body, or one without data, will do.
_BARE: Final = frozenset(
    {
        Action.UPDATE,
        Action.DELETE,
        Action.ENABLE,
        Action.DISABLE,
        Action.SWITCH_ALL,
        Action.DEPLOY,
        Action.PUT_UPSTREAM,
    }
)

Code: TypeAlias = int | str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API said yes. `data` is unwrapped, and in no repr: it may hold a secret.

    `link` is the header that may say where a list goes on.
    """

    data: object = field(repr=False)
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """The API said that there is no such key."""

    reason: str
    status: int


Verdict: TypeAlias = Accepted | Absent | Refused | Unknown


def as_outcome(verdict: Absent | Refused | Unknown) -> Refused | Unknown:
    """Give what is no yes as an outcome; absent is a clear no to whoever wanted the key changed."""
    return Refused(verdict.reason, verdict.status) if isinstance(verdict, Absent) else verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the answers of one operation are read.

    `already` are answers that say that it is so without us; `busy`, that another one is running.
    `data` overrides the envelope's.
    """

    ok: tuple[int, ...]
    already: tuple[Match, ...] = ()
    busy: tuple[Match, ...] = ()
    data: Reader | None = None


class Judge:
    """Reads one dialect's answers."""

    def __init__(self, dialect: Dialect) -> None:
        envelope = dialect.envelope
        self._rules = dialect.errors
        self._data = compile_path(envelope.data)
        self._ok = compile_path(envelope.ok) if envelope.ok else None
        self._code = compile_path(envelope.code) if envelope.code else None

    def judge(
        self, action: Action, call: Call, ok: tuple[int, ...] | Terms, result: Result
    ) -> Verdict:
        """Say what a result means for the call that was made."""
        match result:
            case NotSent(reason=reason):
                return Refused(f"not sent: {reason} ({call})")
            case Unanswered(reason=reason):
                return Unknown(f"{call}: {reason}")
            case Answer():
                terms = ok if isinstance(ok, Terms) else Terms(ok=ok)
                return self._read(action, call, terms, result)
            case _:
                assert_never(result)

    def code(self, answer: Answer) -> Code:
        """Give the API's own short code, if the answer has a sane one."""
        code = self._code(answer.data) if self._code else None
        if isinstance(code, str):
            return code if _CODE.fullmatch(code) else None
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    def denies_itself(self, answer: Answer) -> bool:
        """Whether an answer calls itself an error, whatever its status."""
        if self._ok is None or answer.content is not Content.JSON:
            return False
        return self._ok(answer.data) is not True

    def _read(self, action: Action, call: Call, terms: Terms, answer: Answer) -> Verdict:
        if self._is_one_of(terms.already, terms, answer):
            return Accepted(None)
        if self._is_one_of(terms.busy, terms, answer):
            return Refused(f"{call} {self._describe(answer)}: {_BUSY}", answer.status)
        if answer.status in terms.ok:
            return self._take(action, call, terms, answer)
        return self._refuse(action, call, answer)

    def _is_one_of(self, matches: tuple[Match, ...], terms: Terms, answer: Answer) -> bool:
        """Whether an answer is one of these; with a good status, only its code can tell."""
        if answer.content not in _OWN_WORDS:
            return False
        if answer.status in terms.ok:
            matches = tuple(match for match in matches if match.code is not None)
        code = self.code(answer)
        return any(match.fits(answer.status, code) for match in matches)

    def _take(self, action: Action, call: Call, terms: Terms, answer: Answer) -> Verdict:
        bare = action in _BARE
        silent = answer.content is Content.EMPTY and bare and self._ok is None
        if answer.status == _NO_CONTENT or silent:
            return Accepted(None)
        if answer.content is not Content.JSON:
            return Unknown(f"{call} {answer.content.value}")
        if self._ok and self._ok(answer.data) is not True:
            return self._doubt(action, call, answer)
        data = (terms.data or self._data)(answer.data)
        if data is MISSING and not bare:
            return Unknown(f"{call} {self._describe(answer)} without its data")
        return Accepted(None if data is MISSING else data, answer.link_header)

    def _doubt(self, action: Action, call: Call, answer: Answer) -> Absent | Refused | Unknown:
        sentence = f"{call} {self._describe(answer)}, which is no success"
        said = self._said(action, answer)
        sentence = f"{sentence}: {said}" if said else sentence
        rule = self._meant(action, answer)
        if rule is None or rule.code is None:
            return Unknown(sentence)
        return _settle(rule, sentence, answer.status)

    def _refuse(self, action: Action, call: Call, answer: Answer) -> Absent | Refused | Unknown:
        status, sentence = answer.status, f"{call} {self._describe(answer)}"
        if saying := self._said(action, answer) or _explain(answer):
            sentence = f"{sentence}: {saying}"
        if rule := self._meant(action, answer):
            return _settle(rule, sentence, status)
        clear = 400 <= status < 500 and status != _REQUEST_TIMEOUT  # noqa: PLR2004 - the 4xx
        if clear or status in _MOVED:
            return Refused(sentence, status)
        return Unknown(sentence)

    def _describe(self, answer: Answer) -> str:
        code = self.code(answer)
        return f"answered {answer.status}" + ("" if code is None else f", code {code}")

    def _rules_for(self, action: Action, answer: Answer) -> Iterator[ErrorRule]:
        code = self.code(answer)
        for rule in self._rules:
            if (not rule.during or action in rule.during) and rule.fits(answer.status, code):
                yield rule

    def _meant(self, action: Action, answer: Answer) -> ErrorRule | None:
        """Find the rule by which the API itself said something; a proxy's page says nothing."""
        if answer.content not in _OWN_WORDS:
            return None
        for rule in self._rules_for(action, answer):
            if rule.means == "absent" or (rule.means == "quota" and action in _MAKING):
                return rule
        return None

    def _said(self, action: Action, answer: Answer) -> str | None:
        return next((rule.say for rule in self._rules_for(action, answer) if rule.say), None)


def _explain(answer: Answer) -> str | None:
    return _HTML if answer.content is Content.HTML else _SAYINGS.get(answer.status)


def _settle(rule: ErrorRule, sentence: str, status: int) -> Absent | Refused:
    if rule.means == "absent":
        return Absent(sentence, status)
    return Refused(f"{sentence}: {_NO_ROOM}", status)
