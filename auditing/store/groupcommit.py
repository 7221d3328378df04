"""One commit for all who are waiting.

A commit costs a trip to the disk, and a trip takes as long for one record as for fifty. So requests hand their record
to one writer thread and wait; the thread takes all that has gathered while it was busy, writes it in one transaction,
and wakes everyone with a single call into the event loop.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from auditing.discretion import where
from auditing.errors import StoreUnavailable

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Gathers items from coroutines and gives them to `write` in groups, in the order of their arrival.

    `write` runs in a thread of its own, takes a group and returns one result or one exception per item, in order.
    `largest_group` bounds a group, so that a bulk request does not hold up single ones for long; `longest_queue`
    bounds what may wait, so that a dead store costs refusals and not memory. `on_group` hears the size of each group.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result | Exception]],
        *,
        largest_group: int = 256,
        longest_queue: int = 10_000,
        on_group: Callable[[int], None] | None = None,
    ) -> None:
        self._write = write
        self._largest_group = largest_group
        self._longest_queue = longest_queue
        self._on_group = on_group
        self._gathered: dict[asyncio.AbstractEventLoop, list[_Job[Item, Result]]] = {}
        self._queue: queue.SimpleQueue[list[_Job[Item, Result]] | None] = queue.SimpleQueue()
        self._waiting = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, item: Item, done: asyncio.Future[Result] | None = None) -> asyncio.Future[Result]:
        """Hand over `item`; the future, a new one or `done`, is done when it is committed. Call it in a running event loop.

        Raises:
            StoreUnavailable: too many are waiting, or the log is closed.

        """
        if self._closed:
            raise StoreUnavailable("the log is closed")
        if self._waiting >= self._longest_queue:
            raise StoreUnavailable("too many records are waiting")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = done or loop.create_future()
        gathered = self._gathered.get(loop)
        if gathered is None:
            # handed over when the loop has served all who are ready now: one wake-up, and one larger group
            gathered = self._gathered[loop] = []
            loop.call_soon(self._hand_over, loop)
        gathered.append((item, future, loop))
        return future

    def close(self) -> None:
        """Write what was handed over, then stop; later items are refused. Blocks until that is done."""
        with self._lock:
            first_time = not self._closed
            self._closed = True
            if first_time:
                self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        jobs = self._gathered.pop(loop)
        # the lock keeps jobs from slipping in behind the mark that ends the thread
        with self._lock:
            if not self._closed:
                self._waiting += len(jobs)
                self._queue.put(jobs)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="case-log-writer", daemon=True)
                    self._thread.start()
                return
        _settle([(future, StoreUnavailable("the log is closed")) for _, future, _ in jobs])

    def _run(self) -> None:
        pending: list[_Job[Item, Result]] = []
        closing = False
        while pending or not closing:
            try:
                while len(pending) < self._largest_group and not closing:
                    jobs = self._queue.get(block=not pending)
                    if jobs is None:
                        closing = True
                    else:
                        pending += jobs
            except queue.Empty:
                pass
            group, pending = pending[: self._largest_group], pending[self._largest_group :]
            if group:
                self._commit(group)

    def _commit(self, group: "list[_Job[Item, Result]]") -> None:
        outcomes: Sequence[Result | Exception]
        try:
            outcomes = self._write([item for item, _, _ in group])
        except Exception as error:  # noqa: BLE001
            # `write` promises not to raise; should it do so, those who wait must still hear of it
            _log.error("写入案例日志时出现程序错误 | a defect in writing the case log: %s", where(error))
            outcomes = [error] * len(group)
        with self._lock:
            self._waiting -= len(group)
        if self._on_group is not None:
            self._on_group(len(group))
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Result], Result | Exception]]] = {}
        for (_, future, loop), outcome in zip(group, outcomes, strict=True):
            by_loop.setdefault(loop, []).append((future, outcome))
        for loop, settled in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle, settled)
            except RuntimeError:
                # the loop is gone, and with it those who waited; their records are in the log
                _log.warning("有 %d 个等待者已离开 | %d waiters are gone", len(settled), len(settled))


_Job = tuple[Item, asyncio.Future[Result], asyncio.AbstractEventLoop]


def _settle(settled: Sequence[tuple[asyncio.Future[Result], Result | Exception]]) -> None:
    for future, outcome in settled:
        # a client that hung up has cancelled its future
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
