"""A few threads that belong to one adapter, so that its blocking calls block nobody else.

The event loop's own executor is left alone: name look-ups of the HTTP client queue there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_WORKERS = 4


class Threads:
    """Runs blocking functions; the threads are started by the first call."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix=name)

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Do the work in a thread. A cancelled caller stops waiting; the work itself goes on."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(work, *args, **kwargs))
