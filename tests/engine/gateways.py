"""A stack that gives a secret to a gateway, which is a second API in memory."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.desired import Desired, DesiredProviderKey
from reconciler.core.keys import Attributes, KeyId, OpId, Target
from reconciler.core.observed import StoredVersion
from reconciler.core.secret import Secret, fingerprint
from reconciler.core.steps import provider_key_address
from tests.core.builders import META, PROVIDER, STORE, desired, key
from tests.engine.worlds import Place, new_place

GATEWAY = "gateway"
A = key("crm-a")
BY_HAND = Target(STORE, "openai/main", "API_KEY")
ADDRESS = str(provider_key_address("openai"))


def provider_key(
    source: Target = A.target, *, of_key: bool = True, adopt: bool = False, made: bool = False
) -> DesiredProviderKey:
    return DesiredProviderKey(
        address=provider_key_address("openai"),
        provider=GATEWAY,
        upstream="openai",
        source=source,
        of_key=A.address if of_key else None,
        fields=Attributes.of({"url": "https://api.example.com"} if made else {}),
        adopt=adopt,
        place="keys.yaml:9:3",
    )


def stack(*given: DesiredProviderKey, keys: bool = True) -> Desired:
    both = (
        desired().providers[0],
        replace(desired().providers[0], name=GATEWAY, origin="gateway:"),
    )
    return replace(desired(*((A,) if keys else ()), providers=both), provider_keys=given)


def place_with(*upstreams: str) -> Place:
    place = new_place(providers=(PROVIDER, GATEWAY), lasting=True)
    for name in upstreams:
        place.apis[GATEWAY].put_upstream(None, name, Attributes(), Secret("theirs"))
    return place


def put_by_hand(place: Place, text: str, target: Target = BY_HAND) -> None:
    secret = Secret(text)
    number = place.ids.new_op()
    held = StoredVersion(
        op=OpId(number), key_id=KeyId("x"), fingerprint=fingerprint(secret, META.salt)
    )
    place.store.occupy(target, held, "", secret)


def has(place: Place, source: Target = A.target) -> bool:
    """Whether the gateway has what consumers of a slot read."""
    secret = place.store.consume(source)
    return secret is not None and place.apis[GATEWAY].upstream_has("openai", secret)
