"""What is told about emergencies: in a report of their own, and in a status."""

from __future__ import annotations

import json
from dataclasses import replace
from textwrap import dedent

import pytest

from reconciler.core.recorded import Incident
from reconciler.render import incident_json, incident_text, status_json, status_text
from tests.render.printed import assert_harmless, too_wide
from tests.render.stacks import INCIDENT, KEYS, NOW, OBSERVED, RECORDED, SETTLED

OPEN = replace(INCIDENT, revoked_at=None, replace=False, last_used_at=None, audit=(), reason="")
WITH_INCIDENTS = replace(RECORDED, incidents=(INCIDENT, SETTLED, OPEN))


def shown(*incidents: Incident, width: int = 140) -> str:
    return incident_text(incidents, width=width, color=False)


def test_a_whole_report() -> None:
    key, time = "crm-prod-agent-call", "2026-11-21 00:00 UTC"
    assert shown(INCIDENT, SETTLED, OPEN) == dedent(
        f"""\
        KEY                  VERSION  REVOKED               REJECTED              LAST USED\
             BY          REASON
        {key}  v2       {time}  not proven            2026-11-20 23:00 UTC  \
ops@laptop  leaked in a gist
        {key}  v1       {time}  2026-11-21 01:00 UTC  2026-11-20 23:00 UTC  \
ops@laptop  leaked in a gist
        {key}  v2       not yet               not proven            not known             \
ops@laptop  -

          # {key} v2, compromised, told {time} by ops@laptop
            (leaked in a gist)
            the API's log: {time}, key.off by ops, request "r-1"
            ! not proven rejected yet
            ! no replacement yet: the next apply makes it

          # {key} v1, told {time} by ops@laptop
            (leaked in a gist)
            replaced by v2

          # {key} v2, compromised, told {time} by ops@laptop
            no replacement was asked for
            ! not revoked yet: it may still work

        2 of 3 versions revoked; something is still owed for 2 of them (see above)."""
    ).replace("LAST USED     BY", "LAST USED             BY")


def test_nothing_revoked() -> None:
    assert shown() == "Nothing was revoked."
    assert shown(SETTLED).endswith("1 of 1 version revoked.")


def test_a_narrow_report_is_stacked_and_loses_nothing() -> None:
    text = shown(INCIDENT, width=40)
    assert text.startswith("crm-prod-agent-call v2\n  REVOKED    2026-11-21 00:00 UTC\n")
    assert "REASON     leaked in a gist" in text
    assert "Not shown for want of room: LAST USED, BY, REASON." in shown(INCIDENT, width=80)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_report_fits_the_terminal(width: int) -> None:
    assert not too_wide(shown(INCIDENT, SETTLED, OPEN, width=width), width)


def test_what_is_owed_is_loud() -> None:
    text = incident_text((INCIDENT, OPEN), width=120, color=True)
    assert "\x1b[1;31mnot proven rejected yet\x1b[0m" in text
    assert "\x1b[1;31mnot yet\x1b[0m" in text


def test_a_report_as_json() -> None:
    document = json.loads(incident_json((INCIDENT, SETTLED)))
    first, second = document["incidents"]
    assert document["format_version"] == "1.0"
    assert first["owed"] == [
        "not proven rejected yet",
        "no replacement yet: the next apply makes it",
    ]
    assert first["audit"] == [
        {
            "at": "2026-11-21T00:00:00Z",
            "actor": "ops",
            "action": "key.off",
            "request_id": "r-1",
        }
    ]
    assert (second["owed"], second["replaced_by"]) == ([], 2)


def test_a_status_shows_what_is_unsettled() -> None:
    text = status_text(WITH_INCIDENTS, OBSERVED, KEYS, NOW, width=200, color=False)
    assert (
        dedent(
            """
            Incidents:
              crm-prod-agent-call v2: compromised, told 2h ago by ops@laptop (leaked in a gist)
                  not proven rejected yet
                  no replacement yet: the next apply makes it
              crm-prod-agent-call v2: compromised, told 2h ago by ops@laptop
                  not revoked yet: it may still work

            """
        )
        in text
    )
    document = json.loads(status_json(WITH_INCIDENTS, OBSERVED, KEYS, NOW))
    assert [each["number"] for each in document["incidents"]] == [2, 1, 2]
    assert document["incidents"][0]["audit"][0]["request_id"] == "r-1"


def test_what_others_wrote_gives_no_orders() -> None:
    evil = "\x1b[2J\n::error::x"
    note = replace(INCIDENT.audit[0], actor=evil, action=evil, request_id=evil)
    incident = replace(INCIDENT, by=evil, reason=evil, audit=(note,))
    assert_harmless(shown(incident))
    recorded = replace(RECORDED, incidents=(incident,))
    assert_harmless(status_text(recorded, OBSERVED, KEYS, NOW, width=80, color=True))
