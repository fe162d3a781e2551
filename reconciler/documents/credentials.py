"""Is this text a secret? The shapes of credentials that are known well enough to refuse.

Our files go into version control: whatever in them looks like a credential is refused wherever it
stands, comments included, and is never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Shape(NamedTuple):
    """How one kind of credential begins, how it goes on, and what it is called."""

    start: str
    pattern: re.Pattern[str]
    title: str


def _shape(start: str, rest: str, title: str) -> Shape:
    return Shape(start, re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(start)}{rest}"), title)


# Names are in lower case with dashes: what follows `sk-` has to look random, not only long.
# The bounds keep a hostile file from being searched again and again.
_RANDOM = r"(?:[0-9A-Za-z]{20}|(?=[\w.-]{0,99}[A-Z])(?=[\w.-]{0,99}[0-9])[\w.-]{20})"

SHAPES = (
    _shape("AGE-SECRET-KEY-1", r"[0-9A-Za-z]{20,}", "an age identity"),
    _shape("AGE-SECRET-KEY-PQ-1", r"[0-9A-Za-z]{20,}", "an age identity"),
    _shape("-----BEGIN ", r"[A-Z ]*PRIVATE KEY-----", "a private key"),
    _shape("sk-", rf"(?:[a-z]{{1,16}}[0-9]{{0,4}}-){{0,4}}{_RANDOM}", "an API key"),
    _shape("sk-", r"(?=[a-zA-Z]{0,7}[0-9])[0-9A-Za-z]{8}\.[\w-]{8,}", "an API key"),
    _shape("sk_live_", r"\w{16,}", "an API key"),
    _shape("clou_", r"[0-9a-f]{64}", "an API key"),
    _shape("pb_live_", r"[\w-]{8,}", "an API key"),
    _shape("AIza", r"[\w-]{35}", "an API key"),
    _shape("AKIA", r"[0-9A-Z]{16}", "an AWS access key"),
    _shape("ASIA", r"[0-9A-Z]{16}", "an AWS access key"),
    _shape("ghp_", r"[0-9A-Za-z]{30,}", "a GitHub token"),
    _shape("gho_", r"[0-9A-Za-z]{30,}", "a GitHub token"),
    _shape("ghs_", r"[0-9A-Za-z]{30,}", "a GitHub token"),
    _shape("github_pat_", r"\w{30,}", "a GitHub token"),
    _shape("glpat-", r"[\w-]{20,}", "a GitLab token"),
    _shape("hvs.", r"[\w-]{20,}", "a Vault token"),
    _shape("xoxb-", r"[0-9A-Za-z-]{20,}", "a Slack token"),
    _shape("xoxp-", r"[0-9A-Za-z-]{20,}", "a Slack token"),
    _shape("eyJ", r"[\w-]{5,}\.[\w-]{5,}\.[\w-]{5,}", "a JSON Web Token"),
)


def find_credentials(text: str) -> Iterator[tuple[int, str]]:
    """Give the offset and the title of everything in a text that looks like a credential.

    Looking for each beginning first keeps this far cheaper than one expression over all the text.
    """
    for start, pattern, title in SHAPES:
        offset = text.find(start)
        while offset >= 0:
            if pattern.match(text, offset):
                yield offset, title
            offset = text.find(start, offset + len(start))


def looks_secret(text: str) -> bool:
    """Whether any part of a text looks like a credential."""
    return any(True for _ in find_credentials(text))
