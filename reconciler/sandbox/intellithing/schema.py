"""INTELLITHING's tables. No column holds a secret: a key is kept as a hash, also in a container.

The workspace that is there from the start is part of the views, so that no reset can lose it.
"""

from reconciler.sandbox import WORKSPACE

PROJECTS = ("storefront", "backoffice")
"""The projects of the workspace that is there from the start."""

TABLES = f"""
CREATE TABLE IF NOT EXISTS intellithing_added_workspaces (
  seq INTEGER PRIMARY KEY,
  id  TEXT NOT NULL UNIQUE
);

CREATE TABLE IF NOT EXISTS intellithing_switches (
  workspace TEXT PRIMARY KEY,
  is_on     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE VIEW IF NOT EXISTS intellithing_workspaces AS
  SELECT w.id, coalesce(s.is_on, 0) AS is_on
  FROM (SELECT '{WORKSPACE}' AS id UNION ALL SELECT id FROM intellithing_added_workspaces) w
  LEFT JOIN intellithing_switches s ON s.workspace = w.id;

CREATE TABLE IF NOT EXISTS intellithing_added_projects (
  seq       INTEGER PRIMARY KEY,
  id        TEXT NOT NULL UNIQUE,
  workspace TEXT NOT NULL
);

CREATE VIEW IF NOT EXISTS intellithing_projects AS
  SELECT -2 AS seq, '{PROJECTS[0]}' AS id, '{WORKSPACE}' AS workspace
  UNION ALL SELECT -1, '{PROJECTS[1]}', '{WORKSPACE}'
  UNION ALL SELECT seq, id, workspace FROM intellithing_added_projects;

CREATE TABLE IF NOT EXISTS intellithing_keys (
  seq          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  workspace    TEXT NOT NULL,
  key_hash     BLOB NOT NULL UNIQUE,
  created_at   TEXT NOT NULL,
  last_used_at TEXT
);
CREATE INDEX IF NOT EXISTS intellithing_keys_by_workspace ON intellithing_keys (workspace, seq);

CREATE TABLE IF NOT EXISTS intellithing_deployments (
  seq           INTEGER PRIMARY KEY,
  id            TEXT NOT NULL UNIQUE,
  project       TEXT NOT NULL,
  keys_enabled  INTEGER NOT NULL,
  started_at    TEXT NOT NULL,
  stage_seconds REAL NOT NULL,
  fails_in      TEXT,
  hangs_in      TEXT,
  released_at   TEXT
);
CREATE INDEX IF NOT EXISTS intellithing_deployments_by_project
  ON intellithing_deployments (project, seq);

CREATE TABLE IF NOT EXISTS intellithing_frozen_keys (
  deployment INTEGER NOT NULL REFERENCES intellithing_deployments (seq) ON DELETE CASCADE,
  key_hash   BLOB NOT NULL,
  key_id     TEXT NOT NULL,
  position   INTEGER NOT NULL,
  PRIMARY KEY (deployment, key_hash)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS intellithing_uses (
  key_id TEXT PRIMARY KEY,
  since  TEXT NOT NULL,
  calls  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS intellithing_mishaps (
  project  TEXT PRIMARY KEY,
  fails_in TEXT,
  hangs_in TEXT
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS intellithing_settings (
  name  TEXT PRIMARY KEY,
  value REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS intellithing_audit (
  seq       INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  at        TEXT NOT NULL,
  actor     TEXT NOT NULL,
  action    TEXT NOT NULL,
  key_id    TEXT,
  project   TEXT
);
CREATE INDEX IF NOT EXISTS intellithing_audit_by_workspace ON intellithing_audit (workspace, seq);
"""  # noqa: S608 - our own constants

EMPTIED_BY_RESET = (
    "intellithing_frozen_keys",
    "intellithing_deployments",
    "intellithing_uses",
    "intellithing_keys",
    "intellithing_switches",
    "intellithing_added_projects",
    "intellithing_added_workspaces",
    "intellithing_mishaps",
    "intellithing_settings",
    "intellithing_audit",
)
