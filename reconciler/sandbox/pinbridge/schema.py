"""PinBridge's tables. No column holds a secret: a key is kept as its hash."""

TABLES = """
CREATE TABLE IF NOT EXISTS pinbridge_keys (
  seq                   INTEGER PRIMARY KEY,
  id                    TEXT NOT NULL UNIQUE,
  workspace_id          TEXT NOT NULL,
  name                  TEXT NOT NULL,
  key_hash              BLOB NOT NULL UNIQUE,
  scopes                TEXT NOT NULL,
  pinterest_account_ids TEXT,
  source                TEXT NOT NULL CHECK (source IN ('manual', 'oauth')),
  client_name           TEXT,
  authorized_by_email   TEXT,
  last_used_at          TEXT,
  created_at            TEXT NOT NULL,
  revoked_at            TEXT
);
CREATE INDEX IF NOT EXISTS pinbridge_keys_by_time ON pinbridge_keys (workspace_id, created_at);

CREATE TABLE IF NOT EXISTS pinbridge_pins (
  id           TEXT PRIMARY KEY,
  workspace_id TEXT NOT NULL,
  account_id   TEXT NOT NULL,
  fields       TEXT NOT NULL,
  created_at   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS pinbridge_activity (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL,
  workspace_id  TEXT NOT NULL,
  actor_type    TEXT NOT NULL,
  actor         TEXT NOT NULL,
  actor_label   TEXT NOT NULL,
  actor_user_id TEXT,
  action        TEXT NOT NULL,
  category      TEXT NOT NULL,
  resource_type TEXT NOT NULL,
  resource_id   TEXT NOT NULL,
  metadata      TEXT NOT NULL,
  request_id    TEXT NOT NULL,
  created_at    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS pinbridge_activity_by_workspace
  ON pinbridge_activity (workspace_id, seq);

CREATE TABLE IF NOT EXISTS pinbridge_switches (
  name  TEXT PRIMARY KEY,
  is_on INTEGER NOT NULL
) WITHOUT ROWID;
"""

EMPTIED_BY_RESET = (
    "pinbridge_keys",
    "pinbridge_pins",
    "pinbridge_activity",
    "pinbridge_switches",
)
