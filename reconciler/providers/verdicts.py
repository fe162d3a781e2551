"""What an answer means: yes with data, a clear no, or nothing that can be relied on.

Only statuses and the API's short codes are looked at and passed on, never its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias, assert_never

from reconciler.http.answers import Answer, Content, NotSent, Result, Unanswered
from reconciler.http.calls import Call
from reconciler.interfaces.driver import Refused, Unknown
from reconciler.providers.actions import Action
from reconciler.providers.dialect.calls import ErrorRule
from reconciler.providers.dialect.model import Dialect
from reconciler.providers.paths import MISSING, compile_path

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

Code: TypeAlias = int | str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API said yes. `data` is unwrapped, and in no repr: it may hold a secret."""

    data: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Absent:
    """The API said that there is no such key."""

    reason: str
    status: int


Verdict: TypeAlias = Accepted | Absent | Refused | Unknown


class Judge:
    """Reads one dialect's answers."""

    def __init__(self, dialect: Dialect) -> None:
        envelope = dialect.envelope
        self._rules = dialect.errors
        self._data = compile_path(envelope.data)
        self._ok = compile_path(envelope.ok) if envelope.ok else None
        self._code = compile_path(envelope.code) if envelope.code else None

    def judge(self, action: Action, call: Call, ok: tuple[int, ...], result: Result) -> Verdict:
        """Say what a result means for the call that was made."""
        match result:
            case NotSent(reason=reason):
                return Refused(f"not sent: {reason} ({call})")
            case Unanswered(reason=reason):
                return Unknown(f"{call}: {reason}")
            case Answer(status=status) if status in ok:
                return self._take(call, result)
            case Answer():
                return self._refuse(action, call, result)
            case _:
                assert_never(result)

    def code(self, answer: Answer) -> Code:
        """Give the API's own short code, if the answer has a sane one."""
        code = self._code(answer.data) if self._code else None
        if isinstance(code, str):
            return code if _CODE.fullmatch(code) else None
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    def _says_absent(self, action: Action, answer: Answer) -> bool:
        """Whether the API says that the key does not exist; a proxy's own 404 does not."""
        code = self.code(answer)
        return any(
            rule.means == "absent" and _applies(rule, action) and rule.fits(answer.status, code)
            for rule in self._rules
        )

    def _take(self, call: Call, answer: Answer) -> Accepted | Unknown:
        if answer.status == _NO_CONTENT:
            return Accepted(None)
        if answer.content is not Content.JSON:
            return Unknown(f"{call} {answer.content.value}")
        if self._ok and self._ok(answer.data) is not True:
            return Unknown(f"{call} {self._describe(answer)}, which is no success")
        data = self._data(answer.data)
        if data is MISSING:
            return Unknown(f"{call} {self._describe(answer)} without its data")
        return Accepted(data)

    def _refuse(self, action: Action, call: Call, answer: Answer) -> Absent | Refused | Unknown:
        status = answer.status
        sentence = f"{call} {self._describe(answer)}"
        if saying := self._saying(action, answer):
            sentence = f"{sentence}: {saying}"
        if self._says_absent(action, answer):
            return Absent(sentence, status)
        clear = 400 <= status < 500 and status != _REQUEST_TIMEOUT  # noqa: PLR2004 - the 4xx
        if clear or status in _MOVED:
            return Refused(sentence, status)
        return Unknown(sentence)

    def _describe(self, answer: Answer) -> str:
        code = self.code(answer)
        return f"answered {answer.status}" + ("" if code is None else f", code {code}")

    def _saying(self, action: Action, answer: Answer) -> str | None:
        code = self.code(answer)
        for rule in self._rules:
            if rule.say and _applies(rule, action) and rule.fits(answer.status, code):
                return rule.say
        if answer.content is Content.HTML:
            return "in HTML, perhaps a login page or proxy"
        return _SAYINGS.get(answer.status)


def _applies(rule: ErrorRule, action: Action) -> bool:
    return not rule.during or action in rule.during
