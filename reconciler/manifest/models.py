"""The shape of a manifest: every field of keys.yaml, with what it means.

The JSON Schema is generated from here. What only shows when parts are compared (unknown names,
two keys in one slot) is decided in `checking`; what a dialect can honour, by its capabilities.
A field that is left out is missing from `model_fields_set`: None never means anything by itself.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from reconciler.manifest.fields import (
    Address,
    CallText,
    Command,
    Credential,
    Duration,
    Expiry,
    KeyUrl,
    Limit,
    Line,
    Name,
    Option,
    Projects,
    ProviderKeySource,
    Rate,
    RateLimit,
    Scopes,
    Span,
    TenantValue,
    Url,
    WebhookAddress,
)
from reconciler.manifest.hooks import read_no_hook
from reconciler.manifest.later import read_single_target
from reconciler.manifest.trials import read_trials
from reconciler.manifest.words import (
    FIELD_PATTERN,
    RECIPIENT_PATTERN,
    read_slot_path,
    read_store_type,
    read_template,
    read_version,
)

STORE_TYPES: Final = ("age",)


class _Strict(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        hide_input_in_errors=True,
        model_title_generator=lambda model: model.__name__.removesuffix("Model"),
    )


class StateModel(_Strict):
    """Where Keywright records which keys are its own. Never a secret."""

    backend: Literal["file"] = Field("file", description="A database in a local folder.")
    path: Line = Field(".keywright", description="That folder, relative to the manifest.")
    spool: Literal["local", "off"] = Field(
        "local",
        description="Whether a new secret may rest, encrypted, beside the state until it is stored."
        " With `off` an interrupted create is replaced, not finished.",
    )
    identity: Credential | None = Field(
        None, description="The age identity that opens the spool; by default a file of its own."
    )


class AgeModel(_Strict):
    """A store that is a folder of age-encrypted files, one for each version."""

    type: Literal["age"] = Field(description="The kind of store.")
    path: Line = Field(description="The folder, relative to the manifest.")
    recipients: list[Annotated[str, Field(pattern=RECIPIENT_PATTERN)]] = Field(
        [], description="Who can read the secrets: public age1… recipients."
    )
    identity: Credential | None = Field(
        None, description="The age identity that reads secrets back, to verify and to finish."
    )


StoreModel: TypeAlias = Annotated[AgeModel, BeforeValidator(read_store_type(STORE_TYPES))]
"""Every kind of store; told apart by `type`."""


class LimitsModel(_Strict):
    """How hard Keywright may press a key API."""

    concurrency: int = Field(8, ge=1, le=256, description="Requests at the same time.")
    rate: Rate | None = Field(None, description="Requests in a time, such as 10/s.")
    max_rotations: int | None = Field(
        None,
        ge=1,
        description="How many keys may be rotated in one run because time passed;"
        " left out is no bound.",
    )


class TlsModel(_Strict):
    """Which certificates are trusted beside, or instead of, the public ones."""

    ca: Line = Field(description="A PEM file of certificates, relative to the manifest.")


class ProviderModel(_Strict):
    """One connection to one tenant of one live key API."""

    dialect: Line = Field(
        description="What kind of key API this is: a name, or your own file, as in ./mine.yaml."
    )
    url: Url = Field(
        description="Its address: https://…, http:// to this machine only, or sandbox:PATH."
    )
    auth: dict[str, Credential] = Field(
        {}, description="The credentials that the dialect asks for, as references."
    )
    key_url: KeyUrl | None = Field(
        None, description="Where its keys are used, if that is elsewhere."
    )
    tenant: dict[str, TenantValue] = Field(
        {}, description="What the dialect has to be told of the tenant, such as a workspace's id."
    )
    unmanaged: Literal["ignore", "warn", "fail"] = Field(
        "warn", description="What to do about live keys that nobody declared."
    )
    name_template: Annotated[str, AfterValidator(read_template)] = Field(
        "{name}.{mark}", description="How a key's name and its ownership mark are put together."
    )
    keys_enabled: bool | None = Field(
        None, description="The tenant-wide switch for all keys; left out is not managed."
    )
    deploy: Projects | None = Field(
        None,
        description="Projects to deploy, so that changes count: `all`, or a list whose first one is"
        " the canary. Left out: somebody else deploys.",
    )
    exclusive: bool = Field(
        False,
        description="Nobody else makes keys there; for APIs whose keys can carry no mark.",
    )
    limits: LimitsModel = Field(LimitsModel.model_construct())
    tls: TlsModel | None = None


class RotateModel(_Strict):
    """How versions of a key follow each other."""

    every: Span = Field(
        None,
        description="A new version so long after the current one was made, or `never`."
        " By default never.",
    )
    before_expiry: Span = Field(
        None,
        description="A new version so long before the current one expires, or `never`; at most a"
        " third of its lifetime before. By default never.",
    )
    overlap: Duration | None = Field(
        None, description="How long the old version works beside the new one; 48h by default."
    )
    idle: Duration | None = Field(
        None,
        description="How long the old version must have been unused before it is switched off,"
        " where the API tells that; by default 24h, or the overlap where that is shorter.",
    )
    hold_at_most: Limit = Field(
        None,
        description="How much longer than the overlap an old version that is still used is left"
        " alone; by default, and with `never`, for as long as it is used.",
    )
    delete_after: Duration | None = Field(
        None, description="How long a switched-off version is kept for undo; 30d by default."
    )


class SecretModel(_Strict):
    """The slot of a store into which the secret goes."""

    store: Name | None = Field(
        None, description="One of `stores`; may be left out where there is only one."
    )
    path: Annotated[str, AfterValidator(read_slot_path)] | None = Field(
        None, description="The record inside the store; by default the key's address."
    )
    field: Annotated[str, Field(pattern=FIELD_PATTERN)] | None = Field(
        None, description="The field of that record; `secret` by default."
    )


class VerifyModel(_Strict):
    """What a new key must be able to do, beside its dialect's own probe, before anyone gets it."""

    allowed: list[CallText] = Field(
        [], description="Read-only calls that must succeed, such as GET /models."
    )
    denied: list[CallText] = Field(
        [], description="Read-only calls that must be refused, such as GET /admin/audit-logs."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        read_trials(self.allowed, self.denied)
        return self


class HookModel(_Strict):
    """How consumers are told about a new version of a key; they never get the secret that way."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["webhook"]}, {"required": ["command"]}]}
    )

    webhook: WebhookAddress | None = Field(
        None,
        description="An address that gets a POST: https://…, http:// to this machine only, or a"
        " reference where the address itself is secret.",
    )
    command: Command | None = Field(
        None,
        description="A program and its arguments, run in the manifest's folder without a shell.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.webhook is None) == (self.command is None):
            raise ValueError("must have exactly one of `webhook` and `command`")
        return self


class SharedModel(_Strict):
    """Fields that a key takes over where it does not set them itself."""

    provider: Name | None = Field(None, description="One of `providers`.")
    owner: Line | None = Field(None, description="The accountable team, never an API user.")
    service: Line | None = Field(None, description="The service that uses the key.")
    labels: dict[Line, Annotated[str, Field(max_length=1024)]] | None = Field(
        None, description="Free text by name, for people and policies."
    )
    scopes: Scopes | None = Field(
        None, description="What the key may do. [] is none at all; left out is not managed."
    )
    expires: Expiry = Field(
        None, description="`{after: 120d}`, a date, a time, or `never`; left out is not managed."
    )
    enabled: bool | None = Field(None, description="Whether the key works.")
    rate_limit: RateLimit = Field(
        None, description="Such as 600/min or 10/s, or `unlimited`; left out is not managed."
    )
    rotate: RotateModel | None = None
    secret: Annotated[SecretModel, BeforeValidator(read_single_target)] | None = None
    protect: bool | None = Field(
        None, description="The last working version and its record are never removed."
    )
    verify: VerifyModel | None = None
    on_promoted: Annotated[HookModel | None, BeforeValidator(read_no_hook)] = None
    on_external_disable: Literal["hold", "rotate", "reactivate"] | None = Field(
        None,
        description="What to do about a key that somebody else switched off: report it and leave it"
        " alone (the default), replace it, or switch it on again.",
    )
    unused_after: Span = Field(
        None, description="A key that nobody used for so long is reported; `never` by default."
    )
    on_unused: Literal["report", "disable"] | None = Field(
        None, description="What to do about such a key besides; by default only report it."
    )
    options: dict[Annotated[str, Field(pattern=FIELD_PATTERN)], Option] | None = Field(
        None, description="What only this dialect knows."
    )


class KeyModel(SharedModel):
    """One key that should exist."""

    name: Line | None = Field(
        None, description="What the API shows, with our mark; by default the address."
    )
    environment: Line | None = Field(None, description="Such as prod; one of `environments`.")


class ProviderKeyModel(_Strict):
    """One secret that goes into a gateway: the key by which it calls an upstream."""

    provider: Name = Field(description="The gateway, one of `providers`.")
    upstream: Line = Field(description="The upstream's name, as the gateway has it.")
    value: ProviderKeySource = Field(
        description="Where the secret is: a slot of a store, or the slot of a declared key."
    )
    adopt: bool = Field(
        False,
        description="Replace a secret there that Keywright did not write.",
    )
    options: dict[Annotated[str, Field(pattern=FIELD_PATTERN)], Option] = Field(
        {}, description="How the upstream is made where there is none of that name."
    )


class ManifestModel(_Strict):
    """keys.yaml: which API keys should exist, and where their secrets go."""

    version: Annotated[Literal[1], BeforeValidator(read_version)] = Field(
        description="The version of this format."
    )
    stack: Name = Field(
        description="Names the state and, for ever, the ownership marks of all its keys."
    )
    state: StateModel = Field(StateModel.model_construct())
    stores: dict[Name, StoreModel] = Field({}, description="Secrets managers, by name.")
    providers: dict[Name, ProviderModel] = Field({}, description="Live key APIs, by name.")
    defaults: SharedModel = Field(
        SharedModel.model_construct(), description="Fields for every key that leaves them out."
    )
    environments: dict[Line, SharedModel] = Field(
        {}, description="Fields for the keys of one environment; they win over `defaults`."
    )
    keys: dict[Address, KeyModel] = Field(
        {}, description="The keys, by address: a name that is unique in the stack."
    )
    provider_keys: dict[Address, ProviderKeyModel] = Field(
        {}, description="Secrets that go into gateways, by a name that is unique in the stack."
    )
