"""Where keys are used: the agents of an account, of which the sandbox has none."""

from starlette.responses import JSONResponse, Response

from reconciler.sandbox.calls import Call
from reconciler.sandbox.itellico.identity import admit
from reconciler.sandbox.itellico.pages import Window, show_page
from reconciler.sandbox.validation import read_query


def list_agents(call: Call) -> Response:
    """List the agents of an account."""
    admit(call)
    read_query(Window, call.request)
    return JSONResponse(show_page(0, []))
