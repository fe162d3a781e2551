"""The table of store types, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

from reconciler.stores import STORES
from reconciler.stores.age import AgeStore
from reconciler.stores.memory import MemoryStore


def test_every_type_loads_its_class() -> None:
    assert {name: load() for name, load in STORES.items()} == {
        "age": AgeStore,
        "memory": MemoryStore,
    }


def test_the_table_imports_no_store_and_a_store_imports_no_cryptography() -> None:
    script = (
        "import sys, reconciler.stores as room\n"
        "assert not [name for name in sys.modules if name.startswith('reconciler.stores.')]\n"
        "room.STORES['age']()\n"
        "assert 'pyrage' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
