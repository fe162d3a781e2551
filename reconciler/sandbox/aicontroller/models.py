"""Using a key: the model endpoints, where a key is accepted, refused or slowed down."""

from typing import Any

from reconciler.sandbox.aicontroller import providers
from reconciler.sandbox.aicontroller.answers import (
    ModelAnswer,
    forbidden,
    not_found,
    too_many,
    unauthenticated,
)
from reconciler.sandbox.aicontroller.calls import Call
from reconciler.sandbox.aicontroller.fields import read_id
from reconciler.sandbox.aicontroller.instants import day_of
from reconciler.sandbox.aicontroller.keys import UsableKey, find_by_secret, mark_used
from reconciler.sandbox.instants import store_instant
from reconciler.sandbox.rate_limits import take_turn

SYSTEM = "ai-controller"
_MODEL = "sandbox-1"


def list_models(call: Call) -> ModelAnswer:
    """List the one model there is."""
    _accept(call, _admit(call), None)
    model = {"id": _MODEL, "object": "model", "owned_by": "sandbox"}
    return ModelAnswer({"object": "list", "data": [model]})


def complete(call: Call) -> ModelAnswer:
    """Answer a chat; who calls is recognised before the body is read."""
    key = _admit(call)
    body = call.json()
    wanted = body.get("provider")
    _accept(call, key, None if wanted is None else read_id("provider", wanted))
    return ModelAnswer(_show_completion(body.get("model"), int(call.now.timestamp())))


def _admit(call: Call) -> UsableKey:
    """Recognise a key and count its use, which stays counted where it is refused later."""
    with call.parts.database.write() as db:
        key = find_by_secret(db, call.bearer() or "")
        if key is None or key.is_deleted or not key.owner_is_active:
            raise unauthenticated("Invalid API key")
        call.note_user(key.owner_name)
        # An expiry is a day, and the key works until its end.
        if key.expiry < day_of(call.now):
            raise unauthenticated("The API key has expired")
        seconds = take_turn(db, SYSTEM, key.id, call.now)
    if seconds:
        raise too_many(seconds)
    return key


def _accept(call: Call, key: UsableKey, wanted: int | None) -> None:
    """Let a key through to the provider it may use, and note that it was used."""
    with call.parts.database.write() as db:
        if key.provider_id is not None:
            if not providers.is_there(db, key.provider_id):
                raise forbidden("The provider of this API key does not exist any more")
            if wanted not in (None, key.provider_id):
                raise forbidden("This API key is restricted to another provider")
        elif wanted is not None and not providers.is_there(db, wanted):
            raise not_found("Provider")
        mark_used(db, key, store_instant(call.now))


def _show_completion(model: object, created: int) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello."},
        "finish_reason": "stop",
    }
    return {
        "id": f"chatcmpl-{created}",
        "object": "chat.completion",
        "created": created,
        "model": model if isinstance(model, str) else _MODEL,
        "choices": [choice],
    }
