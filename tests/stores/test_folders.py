"""The walking and writing that age stores and spools stand on."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from reconciler.stores.folders import (
    open_locked,
    open_top,
    prove_writable,
    publish,
    read_file,
    remove_empty,
)


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    with open_top(tmp_path) as folder:
        prove_writable(folder, 1)
        with pytest.raises(OSError, match="space"):
            prove_writable(folder, 2**62)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_removed_while_we_wait_for_it_is_made_anew(tmp_path: Path) -> None:
    """One writer holds the folder and removes it; the other must not write into the dead one."""
    started, written = threading.Event(), threading.Event()

    def wait_and_write() -> None:
        with open_top(tmp_path) as top:
            started.set()
            with open_locked(top, ("a", "b"), create=True) as folder:
                publish(folder, "file", b"data")
                written.set()

    other = threading.Thread(target=wait_and_write)
    with open_top(tmp_path) as top, open_locked(top, ("a", "b"), create=True):
        other.start()
        started.wait(10)
        assert not written.is_set()
        remove_empty(top, ("a", "b"))
    other.join(10)
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"data"


def test_only_plain_files_up_to_the_limit_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with open_top(tmp_path) as folder:
        assert read_file(folder, "file", 5) == b"12345"
        for name in ("link", "folder", "fifo", "missing"):
            assert read_file(folder, name, 5) is None
        assert read_file(folder, "file", 4) is None
