"""A pseudo-terminal, so that the command line believes that a person sits there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.cli.stage import PATIENCE, Ran, Stack, command, judged

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One call on a terminal of its own, in the foreground: Ctrl-C reaches it as a signal."""

    def __init__(self, stack: Stack, *arguments: str, columns: int = 100, **changed: str) -> None:
        self._arguments = arguments
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._process = subprocess.Popen(
            command(*arguments),
            cwd=stack.folder,
            env={**stack.environ, "TERM": "xterm-256color", **changed},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - Popen has no other way to it
        )
        os.close(slave)
        self.raw = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    @property
    def seen(self) -> str:
        """What a person has read so far."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, part: str) -> None:
        """Read until a text has been shown."""
        end = time.monotonic() + PATIENCE
        while part not in self.seen:
            assert self._read(end), f"{part!r} was never shown:\n{self.seen}"

    def type(self, keys: str) -> None:
        """Press keys; \\x03 is Ctrl-C."""
        os.write(self._master, keys.encode())

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def press_until_it_ends(self, press: Callable[[], None]) -> Ran:
        """Interrupt it, and again every second: a signal just before a read does not end that."""
        for _ in range(PATIENCE):
            press()
            while select.select([self._master], [], [], 1)[0]:
                if not self._read(time.monotonic() + 1):
                    return self.end()
        raise AssertionError(f"it does not end:\n{self.seen}")

    def end(self) -> Ran:
        """Read to the end."""
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        code = self._process.wait(timeout=PATIENCE)
        return judged(Ran(self._arguments, code, self.seen, ""))

    def _read(self, end: float) -> bool:
        """Read what is there; False at its end."""
        ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"nothing more was shown in time:\n{self.seen}"
        try:
            data = os.read(self._master, 65536)
        except OSError:  # EIO: Linux says so when the last process has closed the terminal
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)


def _take_terminal() -> None:
    """Make this the terminal whose Ctrl-C reaches the process."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
