"""What a test may set for this system: how long a stage takes, and how often a key may be used."""

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

_MOST = 86_400 * 365


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds for each stage of a deployment; accepted calls of one key in a minute."""

    stage_seconds: float = 0.05
    calls_per_minute: float = 60_000


def load_settings(db: sqlite3.Connection) -> Settings:
    """Give the settings; what was never set has its default."""
    rows = db.execute("SELECT name, value FROM intellithing_settings")
    return Settings(**{row["name"]: row["value"] for row in rows})


def store_settings(db: sqlite3.Connection, given: Mapping[str, object]) -> Settings:
    """Replace all settings, or raise ValueError; what is not given gets its default."""
    if unknown := given.keys() - {field.name for field in fields(Settings)}:
        raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
    chosen = Settings(**{name: _read_number(name, value) for name, value in given.items()})
    rows = asdict(chosen).items()
    db.executemany("INSERT OR REPLACE INTO intellithing_settings VALUES (?, ?)", rows)
    return chosen


def _read_number(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return float(value)
    raise ValueError(f"{name} is a number from 0 to {_MOST}")
