"""Do the parts of a dialect fit each other? One file per part, each check a pure generator.

Made for files of users when they are loaded; the shipped ones are checked by a test, since this
loads JMESPath, which most of their paths do without.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.providers.checks.access import check_access
from reconciler.providers.checks.bodies import check_bodies
from reconciler.providers.checks.effects import check_effects
from reconciler.providers.checks.expressions import check_expression
from reconciler.providers.checks.fields import check_fields
from reconciler.providers.checks.operations import check_operations
from reconciler.providers.checks.problem import Problem
from reconciler.providers.checks.texts import check_texts
from reconciler.providers.dialect.model import Dialect

__all__ = ["Problem", "check_dialect", "check_expression"]

_CHECKS = (check_access, check_operations, check_fields, check_effects, check_texts, check_bodies)


def check_dialect(dialect: Dialect) -> Iterator[Problem]:
    """Give everything that does not fit."""
    for check in _CHECKS:
        yield from check(dialect)
