"""The tables that every spoken system shares. A system's own tables live in its own package."""

# "KWSB": tells a sandbox file from any other SQLite file before we write to it.
APPLICATION_ID = 0x4B575342

# Rises when a table is added, here or in a system's package: every table is created if absent.
VERSION = 2

SHARED = """
CREATE TABLE IF NOT EXISTS settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
  id           TEXT PRIMARY KEY,
  username     TEXT NOT NULL UNIQUE,
  password     TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('superuser', 'member', 'viewer')),
  is_active    INTEGER NOT NULL DEFAULT 1,
  is_built_in  INTEGER NOT NULL DEFAULT 0,
  failed_tries INTEGER NOT NULL DEFAULT 0,
  locked_until TEXT
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS rate_limits (
  system     TEXT PRIMARY KEY,
  per_minute INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS rate_windows (
  system     TEXT NOT NULL,
  key_id     TEXT NOT NULL,
  started_at TEXT NOT NULL,
  uses       INTEGER NOT NULL,
  PRIMARY KEY (system, key_id)
) WITHOUT ROWID;
"""

EMPTIED_BY_RESET = ("rate_limits", "rate_windows")
