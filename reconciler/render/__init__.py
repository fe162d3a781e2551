"""Plans and outcomes as text and JSON. Pure: every function gives a string, or an exit code.

The door. Text becomes a string only through `lines.paint`, which cleans every piece of it; JSON
only through `jsonable.to_json`, which knows no type that could hold a secret.
"""

from __future__ import annotations

from reconciler.render.dialect_json import dialect_list_json, dialect_show_json
from reconciler.render.dialect_text import dialect_list_text, dialect_show_text
from reconciler.render.escaping import clean
from reconciler.render.exit_codes import apply_exit_code, plan_exit_code
from reconciler.render.finding_table import finding_line, finding_table, findings_json
from reconciler.render.incidents import incident_json, incident_text
from reconciler.render.outcome_table import outcome_table
from reconciler.render.outcomes import apply_line, apply_summary
from reconciler.render.plan_json import plan_json
from reconciler.render.plan_text import plan_summary, plan_text
from reconciler.render.report_json import report_json
from reconciler.render.state_text import state_list_text, state_show_text
from reconciler.render.status_json import status_json
from reconciler.render.status_text import status_text

__all__ = [
    "apply_exit_code",
    "apply_line",
    "apply_summary",
    "clean",
    "dialect_list_json",
    "dialect_list_text",
    "dialect_show_json",
    "dialect_show_text",
    "finding_line",
    "finding_table",
    "findings_json",
    "incident_json",
    "incident_text",
    "outcome_table",
    "plan_exit_code",
    "plan_json",
    "plan_summary",
    "plan_text",
    "report_json",
    "state_list_text",
    "state_show_text",
    "status_json",
    "status_text",
]
