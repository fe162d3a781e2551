"""Using an agent: the place where a key is accepted or rejected."""

from reconciler.sandbox.clouisle.answers import Refusal, Success, resource_not_found
from reconciler.sandbox.clouisle.bindings import may_use_agent
from reconciler.sandbox.clouisle.calls import Call
from reconciler.sandbox.clouisle.identity import recognise_caller
from reconciler.sandbox.clouisle.resources import is_there


def chat(call: Call) -> Success:
    """Answer a message; the caller is recognised before the agent is looked up."""
    caller = recognise_caller(call)
    agent_id = call.path_id("agent_id")
    with call.parts.database.read() as db:
        if not is_there(db, "agent", agent_id):
            raise resource_not_found("agent")
        if caller.key and not may_use_agent(db, caller.key.seq, agent_id):
            raise Refusal(403, 3000, "no_agent_access")
    return Success({"agent_id": agent_id, "message": {"role": "assistant", "content": "Hello."}})
