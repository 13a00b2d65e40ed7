"""Group commit: what many callers want, in one transaction."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from coatcheck.errors import StoreUnavailable

U = TypeVar("U")
R = TypeVar("R")

MOST = 200
"""Units that one commit may hold."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of units above which no further one is taken into a commit."""


class Group(Generic[U, R]):
    """Whatever waited on this event loop while the last commit ran shares the next one: no delay is added to make groups.

    `commit` answers each unit with a result or an error. Where it raises instead, the units are committed one by one, so that
    a bad one fails alone; where the server cannot be reached, all fail, and whatever is waiting with them.
    """

    def __init__(self, commit: Callable[[Sequence[U]], Awaitable[Sequence[R | Exception]]], weigh: Callable[[U], int]) -> None:
        self._commit, self._weigh = commit, weigh
        self._waiting: deque[tuple[U, asyncio.Future[R]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, unit: U) -> R:
        """What became of `unit`, once it is committed. A caller that gives up does not disturb the others."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((unit, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="coatcheck-group-commit")
        return await future

    async def close(self) -> None:
        """Commit what is waiting."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                units, futures = zip(*self._take(), strict=True)
                _answer(futures, await self._committed(units))
        finally:
            self._task = None

    def _take(self) -> list[tuple[U, asyncio.Future[R]]]:
        taken: list[tuple[U, asyncio.Future[R]]] = []
        size = 0
        while self._waiting and len(taken) < MOST and size < MOST_BYTES:
            taken.append(self._waiting.popleft())
            size += self._weigh(taken[-1][0])
        return taken

    def _refuse(self, error: StoreUnavailable) -> None:
        """Whoever has been waiting has waited long enough, and would wait as long again."""
        while self._waiting:
            _answer([self._waiting.popleft()[1]], [error])

    async def _committed(self, units: Sequence[U]) -> Sequence[R | Exception]:
        try:
            return await self._commit(units)
        except StoreUnavailable as error:
            self._refuse(error)
            return [error] * len(units)
        except Exception as error:  # noqa: BLE001  its caller gets it
            if len(units) == 1:
                return [error]
            return [answer for unit in units for answer in await self._committed([unit])]


def _answer(futures: Sequence[asyncio.Future[R]], answers: Sequence[R | Exception]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():  # the caller gave up
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
