"""One HTTP client for every plug-in: time-outs, limits, outcome classes, retries, redaction.

Every call ends as one of three values: an `Answer`, `NotSent` (no connection was ever made) or
`Unanswered` (it may have taken effect). No httpx exception, header or body leaves this room.
It knows no dialect, no key and no store.
"""
