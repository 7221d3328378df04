"""The case log's groups, written by a process of their own: what `GroupCommit` does with a thread, for a busy service.

A thread that writes wants the interpreter two dozen times per group, and the loop that answers requests waits for it
every time. A process has an interpreter of its own: the loop hands entries over a pair of sockets, and goes on.

Whatever ends that process, no answered prediction is lost, for an answer waits until its entry is on the disk. Those who
wait when it ends hear StoreUnavailable, and the next entry begins another process.
"""

import asyncio
import logging
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, cast

from sqlalchemy import URL

from auditing.errors import StoreUnavailable
from auditing.log.framing import Frames, framed
from auditing.log.records import Entry, Recorded
from auditing.store.chain import Head
from models.prediction import made

_log = logging.getLogger(__name__)

_ENOUGH = 8
"""Entries that are worth a group: a transaction costs the writing process as much as four records do."""
_PATIENCE = 30.0
"""Seconds that the process may take to end."""


class Reply(NamedTuple):
    """What became of the entries of a group, in their order, and how far the writer has read the chain of events.

    A new record is told by its revision alone: who has handed it over knows the rest. The first reply, of no entries, says
    that the process can write.
    """

    outcomes: list[int | Recorded | Exception]
    events: Head


class Listener(Protocol):
    """Who has to know what the writing process has seen, before those who wait go on."""

    def knows(self, reply: Reply) -> bool:
        """Whether there is nothing new in a reply."""
        ...

    def learn(self, reply: Reply) -> None:
        """Take in what is new; may block, and runs in a thread."""
        ...


class Scribe(asyncio.Protocol):
    """Gives entries to a process that writes them into the store at `url`, for one event loop.

    `longest_queue` bounds what may wait; `on_group` hears the size of each group. See `CaseLog` for `busy_timeout`.
    """

    def __init__(
        self,
        url: URL,
        listener: Listener,
        *,
        busy_timeout: float,
        longest_queue: int = 10_000,
        on_group: Callable[[int], None] | None = None,
    ) -> None:
        self._url = url
        self._listener = listener
        self._busy_timeout = busy_timeout
        self._longest_queue = longest_queue
        self._on_group = on_group
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connecting: asyncio.Task[Any] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._frames = Frames()
        self._gathered: list[_Job] = []
        self._under_way: list[_Job] = []
        self._closed = False

    def start(self) -> None:
        """Begin the process, if there is none; it gets ready by itself."""
        if self._process is not None:
            return
        self._socket, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "auditing.log.scribe_process"],
                stdin=there.fileno(),
                stdout=subprocess.DEVNULL,
                # a group of its own: an interrupt from the terminal is the service's, which lets requests end first
                process_group=0,
            )
        # not on the command line: it may hold a password
        self._socket.sendall(framed((self._url.render_as_string(hide_password=False), self._busy_timeout)))

    def await_ready(self) -> None:
        """Block until the process can write, where it was begun and nothing was handed over yet."""
        if self._socket is not None and self._loop is None:
            # its first word; whatever ended it before that is heard of by the first entry
            select.select([self._socket], [], [], _PATIENCE)

    def submit(self, entry: Entry, done: asyncio.Future[Recorded] | None = None) -> asyncio.Future[Recorded]:
        """Hand over `entry`; the future, a new one or `done`, is done when it is committed. Call it in a running event loop.

        Raises:
            StoreUnavailable: too many are waiting, or the log is closed.

        """
        if self._closed:
            raise StoreUnavailable("the log is closed")
        gathered = self._gathered
        if len(gathered) + len(self._under_way) >= self._longest_queue:
            raise StoreUnavailable("too many records are waiting")
        loop = self._loop or self._connect()
        future: asyncio.Future[Recorded] = done or loop.create_future()
        gathered.append((entry, future))
        if len(gathered) == 1:
            loop.call_soon(self.hand_over)
        elif len(gathered) == _ENOUGH and not self._under_way:
            # some are written while the loop makes the next
            self.hand_over()
        return future

    def _connect(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.get_running_loop()
        self.start()
        self._connecting = loop.create_task(loop.create_unix_connection(lambda: self, sock=self._socket))
        return loop

    def close(self) -> None:
        """Write what was handed over, then end the process; later entries are refused.

        Blocks until that is done: where the event loop still runs, call it in another thread.
        """
        self._closed = True
        loop = self._loop
        if loop is not None and loop.is_running():
            asyncio.run_coroutine_threadsafe(self._finish(), loop).result()
        elif self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait(_PATIENCE)
            self._process = None

    async def _finish(self) -> None:
        await asyncio.gather(*(future for _, future in self._under_way + self._gathered), return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what has gathered since the process was begun."""
        # uvloop's are of no class of asyncio's
        self._transport = cast("asyncio.WriteTransport", transport)
        self.hand_over()

    def hand_over(self) -> None:
        """Let what has gathered go now, and not at the end of the loop's turn, unless it is little and the process busy.

        Then it goes when the group before it is on the disk: many small groups would cost more than few larger ones.
        """
        gathered = len(self._gathered)
        if not gathered or self._transport is None or (self._under_way and gathered < _ENOUGH):
            return
        jobs, self._gathered = self._gathered, []
        self._under_way += jobs
        self._transport.write(framed([entry.packed() for entry, _ in jobs]))

    def data_received(self, data: bytes) -> None:
        """Take a part of a reply, or several replies."""
        for outcomes, events in self._frames.of(data):
            self._take(Reply(outcomes, Head(*events)))

    def _take(self, reply: Reply) -> None:
        count = len(reply.outcomes)
        if not count:
            return
        jobs, self._under_way = self._under_way[:count], self._under_way[count:]
        self.hand_over()
        if self._on_group is not None:
            self._on_group(count)
        if self._listener.knows(reply):
            _settle(jobs, reply.outcomes)
            return
        assert self._loop is not None
        learning = self._loop.run_in_executor(None, self._listener.learn, reply)
        learning.add_done_callback(lambda _: _settle(jobs, reply.outcomes))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell those who wait that the process is gone; the next entry begins another."""
        del exc
        jobs = self._under_way + self._gathered
        self._under_way, self._gathered = [], []
        self._frames = Frames()
        self._loop = self._transport = self._socket = None
        if self._closed:
            return
        _log.error(
            "写案例日志的进程已结束，将另起一个 | the process that writes the case log has ended; another will begin"
        )
        if self._process is not None:
            # it has closed its side: it is ending, if it has not ended
            self._process.kill()
            self._process.wait(_PATIENCE)
            self._process = None
        _settle(jobs, [StoreUnavailable("the process that writes has ended") for _ in jobs])


_Job = tuple[Entry, "asyncio.Future[Recorded]"]


def _settle(jobs: Sequence[_Job], outcomes: Sequence[int | Recorded | Exception]) -> None:
    for (entry, future), outcome in zip(jobs, outcomes, strict=True):
        # a client that hung up has cancelled its future
        if future.done():
            continue
        if isinstance(outcome, int):
            future.set_result(made(Recorded, (entry[0], outcome, entry.answer, False)))
        elif isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
