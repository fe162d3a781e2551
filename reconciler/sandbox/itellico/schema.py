"""itellicoAI's tables. No column holds a secret: a key is kept as its hash."""

TABLES = """
CREATE TABLE IF NOT EXISTS itellico_accounts (
  seq               INTEGER PRIMARY KEY,
  id                TEXT NOT NULL UNIQUE,
  name              TEXT NOT NULL,
  is_active         INTEGER NOT NULL DEFAULT 1,
  parent_account_id TEXT,
  created           TEXT NOT NULL,
  modified          TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS itellico_accounts_by_parent ON itellico_accounts (parent_account_id);

CREATE TABLE IF NOT EXISTS itellico_keys (
  seq          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  account_id   TEXT NOT NULL,
  label        TEXT NOT NULL,
  prefix       TEXT NOT NULL,
  key_hash     BLOB NOT NULL UNIQUE,
  expires_at   TEXT,
  revoked_at   TEXT,
  last_used_at TEXT,
  created      TEXT NOT NULL,
  modified     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS itellico_keys_by_time ON itellico_keys (account_id, created);

CREATE TABLE IF NOT EXISTS itellico_audit (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL,
  account_id    TEXT NOT NULL,
  created       TEXT NOT NULL,
  actor_key_id  TEXT NOT NULL,
  actor_label   TEXT NOT NULL,
  action        TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id   TEXT NOT NULL,
  before        TEXT,
  after         TEXT
);
CREATE INDEX IF NOT EXISTS itellico_audit_by_account ON itellico_audit (account_id, seq);
"""

EMPTIED_BY_RESET = ("itellico_keys", "itellico_accounts", "itellico_audit")
