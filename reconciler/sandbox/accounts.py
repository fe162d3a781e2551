"""The people of the sandbox: their roles, their log-in and its lock-out.

It must not know how a system words a refusal; it names the outcome and lets the system answer.
"""

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Literal

from reconciler.sandbox import SandboxError
from reconciler.sandbox.clock import SandboxClock
from reconciler.sandbox.database import Database
from reconciler.sandbox.instants import load_instant, store_instant
from reconciler.sandbox.passwords import CHOSEN_COST, hash_password, matches

ROLES = ("superuser", "member", "viewer")
MOST_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)

_FIND = "SELECT id, username, role, is_active FROM users WHERE "


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may call the sandbox."""

    id: str
    username: str
    role: str
    is_active: bool

    @property
    def is_superuser(self) -> bool:
        """Tell whether this account sees and edits everything."""
        return self.role == "superuser"


class Refused(Enum):
    """Why a log-in failed."""

    UNKNOWN = "unknown"
    WRONG = "wrong"
    LOCKED = "locked"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class LoginRefusal:
    """A failed log-in, and what the caller may know about the next one."""

    why: Refused
    tries_left: int | None = None
    seconds_left: int | None = None


class Accounts:
    """Every user of the sandbox."""

    def __init__(self, database: Database, clock: SandboxClock) -> None:
        self._database = database
        self._clock = clock

    def add(self, username: str, password: str, role: str, *, cost: int = CHOSEN_COST) -> Account:
        """Create a user, or refuse a name that is taken."""
        if role not in ROLES:
            raise SandboxError(f"there is no role {role!r}: {', '.join(ROLES)}")
        account = Account(str(uuid.uuid4()), username, role, is_active=True)
        row = (account.id, username, hash_password(password, cost), role)
        try:
            with self._database.write() as db:
                db.execute("INSERT INTO users (id, username, password, role) VALUES (?,?,?,?)", row)
        except sqlite3.IntegrityError:
            raise SandboxError(f"there is a user {username!r} already") from None
        return account

    def keep_built_in(self, username: str, password: str, cost: int = CHOSEN_COST) -> None:
        """Make sure that a superuser exists, with this password, whom a reset does not remove."""
        with self._database.read() as db:
            found = db.execute("SELECT * FROM users WHERE username = ?", (username,)).fetchone()
        if found and found["is_built_in"] and matches(password, found["password"]):
            return
        row = (str(uuid.uuid4()), username, hash_password(password, cost))
        with self._database.write() as db:
            db.execute(
                "INSERT INTO users (id, username, password, role, is_built_in)"
                " VALUES (?, ?, ?, 'superuser', 1) ON CONFLICT (username) DO UPDATE SET"
                " password = excluded.password, role = 'superuser', is_active = 1, is_built_in = 1",
                row,
            )

    def by_id(self, user_id: str) -> Account | None:
        """Find a user by id."""
        return self._find("id = ?", user_id)

    def by_username(self, username: str) -> Account | None:
        """Find a user by name."""
        return self._find("username = ?", username)

    def everyone(self) -> list[Account]:
        """List every user by name."""
        with self._database.read() as db:
            return [_account(row) for row in db.execute(_FIND + "1 ORDER BY username")]

    def set_active(self, username: str, active: Literal[0, 1]) -> Account | None:
        """Switch a user on or off; None when there is no such user."""
        with self._database.write() as db:
            db.execute("UPDATE users SET is_active = ? WHERE username = ?", (active, username))
        return self.by_username(username)

    def log_in(self, username: str, password: str) -> Account | LoginRefusal:
        """Check a password, counting failures towards the lock-out."""
        with self._database.read() as db:
            row = db.execute("SELECT * FROM users WHERE username = ?", (username,)).fetchone()
        if row is None:
            return LoginRefusal(Refused.UNKNOWN)
        if seconds := self._locked_seconds(row["locked_until"]):
            return LoginRefusal(Refused.LOCKED, seconds_left=seconds)
        if not matches(password, row["password"]):
            return self._count_failure(row["id"])
        if not row["is_active"]:
            return LoginRefusal(Refused.INACTIVE)
        self._forget_failures(row["id"])
        return _account(row)

    def _find(self, condition: str, value: str) -> Account | None:
        with self._database.read() as db:
            row = db.execute(_FIND + condition, (value,)).fetchone()
        return _account(row) if row else None

    def _locked_seconds(self, until: str | None) -> int:
        if until is None:
            return 0
        left = load_instant(until) - self._clock.now()
        return max(0, -(-left // timedelta(seconds=1)))

    def _count_failure(self, user_id: str) -> LoginRefusal:
        until = store_instant(self._clock.now() + LOCKED_FOR)
        with self._database.write() as db:
            tries = int(
                db.execute(
                    "UPDATE users SET failed_tries = failed_tries + 1 WHERE id = ?"
                    " RETURNING failed_tries",
                    (user_id,),
                ).fetchall()[0][0]
            )
            if tries < MOST_TRIES:
                return LoginRefusal(Refused.WRONG, tries_left=MOST_TRIES - tries)
            db.execute(
                "UPDATE users SET failed_tries = 0, locked_until = ? WHERE id = ?", (until, user_id)
            )
        return LoginRefusal(Refused.LOCKED, seconds_left=int(LOCKED_FOR.total_seconds()))

    def _forget_failures(self, user_id: str) -> None:
        with self._database.write() as db:
            db.execute(
                "UPDATE users SET failed_tries = 0, locked_until = NULL WHERE id = ?", (user_id,)
            )


def _account(row: sqlite3.Row) -> Account:
    return Account(row["id"], row["username"], row["role"], bool(row["is_active"]))
