"""AI Controller's tables. No column holds a secret in plain: a key is a hash, a provider's sealed.

The numbers of keys are never used twice between two resets, as keys are only ever marked deleted;
those of providers never at all, so that a restriction cannot come to mean another provider.
"""

TABLES = """
CREATE TABLE IF NOT EXISTS aic_users (
  number     INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS aic_keys (
  seq          INTEGER PRIMARY KEY,
  name         TEXT NOT NULL,
  key_hash     BLOB NOT NULL UNIQUE,
  user_number  INTEGER NOT NULL REFERENCES aic_users (number) ON DELETE CASCADE,
  provider_id  INTEGER,
  expiry       TEXT NOT NULL,
  is_deleted   INTEGER NOT NULL DEFAULT 0,
  last_used_at TEXT,
  created_at   TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS aic_keys_by_owner ON aic_keys (user_number, seq);

CREATE TABLE IF NOT EXISTS aic_providers (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL UNIQUE,
  url        TEXT NOT NULL,
  auth_type  TEXT NOT NULL,
  sealed_key BLOB
);

CREATE TABLE IF NOT EXISTS aic_audit (
  seq         INTEGER PRIMARY KEY,
  actor       TEXT NOT NULL,
  action      TEXT NOT NULL,
  resource    TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  at          TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS aic_envelope_code (
  code INTEGER NOT NULL
);
"""

EMPTIED_BY_RESET = ("aic_keys", "aic_providers", "aic_audit", "aic_envelope_code")
