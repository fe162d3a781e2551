"""The ways in which a check ends without having worked; the text is the finding's sentence."""

from __future__ import annotations


class BrokenError(Exception):
    """The API does not do what the dialect says; the text is the finding's sentence."""


class UntoldError(Exception):
    """Nothing can be said here; the text says what is missing for it."""


class NoneError(Exception):
    """The dialect describes no such thing."""
