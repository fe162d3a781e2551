"""Clouisle's tables. No column holds a secret: a key and a logged-out token are kept as hashes."""

TABLES = """
CREATE TABLE IF NOT EXISTS clouisle_keys (
  seq          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  name         TEXT NOT NULL,
  key_prefix   TEXT NOT NULL,
  key_hash     BLOB NOT NULL UNIQUE,
  user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  scopes       TEXT NOT NULL,
  rate_limit   INTEGER NOT NULL,
  is_active    INTEGER NOT NULL DEFAULT 1,
  expires_at   TEXT,
  last_used_at TEXT,
  created_at   TEXT NOT NULL,
  updated_at   TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS clouisle_keys_by_time ON clouisle_keys (created_at);
CREATE INDEX IF NOT EXISTS clouisle_keys_by_owner ON clouisle_keys (user_id, created_at);

CREATE TABLE IF NOT EXISTS clouisle_resources (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL CHECK (kind IN ('agent', 'workflow')),
  name       TEXT NOT NULL,
  icon       TEXT,
  created_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS clouisle_bindings (
  key_seq     INTEGER NOT NULL REFERENCES clouisle_keys (seq) ON DELETE CASCADE,
  resource_id TEXT NOT NULL REFERENCES clouisle_resources (id) ON DELETE CASCADE,
  position    INTEGER NOT NULL,
  PRIMARY KEY (key_seq, resource_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS clouisle_bindings_by_resource ON clouisle_bindings (resource_id);

CREATE TABLE IF NOT EXISTS clouisle_logged_out (
  token_hash BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS clouisle_audit (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  user_id       TEXT NOT NULL,
  username      TEXT NOT NULL,
  action        TEXT NOT NULL,
  operation     TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id   TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  changes       TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS clouisle_audit_by_type ON clouisle_audit (resource_type, seq);
"""

EMPTIED_BY_RESET = (
    "clouisle_bindings",
    "clouisle_keys",
    "clouisle_resources",
    "clouisle_logged_out",
    "clouisle_audit",
)
