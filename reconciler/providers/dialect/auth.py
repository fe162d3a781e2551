"""How a dialect lets us in; a manifest chooses a scheme by the credentials that it gives."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, JsonValue, model_validator

from reconciler.providers.dialect.parts import (
    HeaderName,
    JmesPath,
    Match,
    Part,
    Path,
    Sentence,
    Status,
    Word,
)


class Bearer(Part):
    """A token in `Authorization: Bearer`."""

    kind: Literal["bearer"]
    credential: Word = "token"

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return (self.credential,)


class Header(Part):
    """A secret in a header, such as `X-API-Key`; several headers where an API wants several."""

    kind: Literal["header"]
    headers: Annotated[dict[HeaderName, Word], Field(min_length=1)]
    prefix: str = ""

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return tuple(sorted(self.headers.values()))


class Basic(Part):
    """A user name and a password in every request."""

    kind: Literal["basic"]
    username: Word = "username"
    password: Word = "password"  # noqa: S105 - the name of a credential

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return tuple(sorted((self.username, self.password)))


class Obstacle(Part):
    """An answer to a login that is no token, by a path that is true in it."""

    when: JmesPath
    say: Sentence


class Renewal(Part):
    """How an expired session is renewed without the password: with the cookies of the login."""

    path: Path
    body: JsonValue = None
    cookies: Annotated[tuple[str, ...], Field(min_length=1)]


class Login(Part):
    """A login, and once more when its session is refused: for a bearer token, or for cookies.

    `send` says where each credential goes in the body (a dotted path for JSON, a field of a form);
    `fixed` is the rest of that body, by paths as well. All `cookies` must come; those that `renew`
    names go with a renewal only, unless there are no others. They never leave the API's origin.
    """

    kind: Literal["login"]
    path: Path
    encoding: Literal["form", "json"] = "form"
    ok: tuple[Status, ...] = (200,)
    send: Annotated[dict[str, Word], Field(min_length=1)]
    fixed: dict[str, JsonValue] = {}
    token: JmesPath | None = None
    cookies: tuple[str, ...] = ()
    renew: Renewal | None = None
    again_on: tuple[Match, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    @model_validator(mode="after")
    def _check_purpose(self) -> Self:
        if self.token is None and not self.cookies:
            raise ValueError("a login is for a token or for cookies")
        return self

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return tuple(sorted(set(self.send.values())))


class ClientCredentials(Part):
    """OAuth 2.0 client credentials (RFC 6749, 4.4): a token for an id and a secret."""

    kind: Literal["client_credentials"]
    path: Path
    scope: str | None = None
    again_on: tuple[Match, ...] = ()

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return ("client_id", "client_secret")


class Signer(Part):
    """Requests that a plug-in signs, found by name among the entry points `keywright.signers`."""

    kind: Literal["signer"]
    signer: Word
    needs: Annotated[tuple[Word, ...], Field(min_length=1)]

    @property
    def credentials(self) -> tuple[str, ...]:
        """The names of what has to be given."""
        return tuple(sorted(self.needs))


AnyAuth: TypeAlias = Annotated[
    Bearer | Header | Basic | Login | ClientCredentials | Signer, Field(discriminator="kind")
]
