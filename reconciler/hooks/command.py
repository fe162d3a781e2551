"""Telling consumers by running a command of the user's own, without any shell.

It gets the message on its standard input. What it writes is thrown away: it may be a secret that
it has just fetched.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from reconciler.hooks.messages import EVENT, write_message
from reconciler.interfaces.driver import Done, Outcome, Refused, Unknown
from reconciler.interfaces.notifier import News

PATIENCE: Final = 300.0
"""Seconds that a command may take."""


class Command:
    """A `Notifier` that runs `argv` in `folder`, with these environment variables and ours.

    After `patience` seconds it is killed, together with whatever it has started.
    """

    def __init__(
        self,
        argv: tuple[str, ...],
        folder: Path,
        environ: Mapping[str, str],
        patience: float = PATIENCE,
    ) -> None:
        self._argv = argv
        self._folder = folder
        self._environ = dict(environ)
        self._patience = patience

    async def announce(self, news: News) -> Outcome[None]:
        """Run it once; only the exit code says whether consumers were told."""
        try:
            process = await self._start(news)
        except OSError as error:
            why = error.strerror or type(error).__name__
            return Refused(f"the command could not be started: {why}")
        except ValueError:  # such as a NUL in an argument, which the message could show
            return Refused("the command could not be started: no process can be given this")
        try:
            async with asyncio.timeout(self._patience):
                await process.communicate(json.dumps(write_message(news)).encode())
        except TimeoutError:
            return Unknown(f"the command took longer than {self._patience:g} s and was killed")
        finally:
            await _kill(process)
        return _conclude(process.returncode)

    async def _start(self, news: News) -> Process:
        """Start it as the leader of a group of its own, which can be killed as a whole."""
        return await asyncio.create_subprocess_exec(
            *self._argv,
            cwd=self._folder,
            env={**self._environ, **_variables(news)},
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )


async def _kill(process: Process) -> None:
    """End a command that has not ended by itself, and wait until it is gone."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _conclude(code: int | None) -> Outcome[None]:
    if code == 0:
        return Done(None)
    if code is None or code < 0:
        return Refused(f"the command was ended by signal {-(code or 0)}")
    return Refused(f"the command ended with exit code {code}")


def _variables(news: News) -> dict[str, str]:
    return {
        "KEYWRIGHT_EVENT": EVENT,
        "KEYWRIGHT_STACK": news.stack,
        "KEYWRIGHT_KEY": news.address,
        "KEYWRIGHT_VERSION": str(news.number),
        "KEYWRIGHT_STORE": news.target.store,
        "KEYWRIGHT_PATH": news.target.path,
        "KEYWRIGHT_FIELD": news.target.field,
        "KEYWRIGHT_OPERATION": news.op,
    }
