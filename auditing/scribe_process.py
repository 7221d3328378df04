"""The process that writes the case log for a service: python -m auditing.scribe_process, begun by `auditing.scribe`."""

import gc
import logging
import os
import pickle
import queue
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple

from auditing.caselog import CaseLog
from auditing.chain import Head
from auditing.discretion import where
from auditing.errors import StoreUnavailable
from auditing.identity import Identifier
from auditing.records import Entry, Recorded
from auditing.store import describe, open_engine
from auditing.write_ahead import WriteAhead

_log = logging.getLogger(__name__)

_LARGEST_GROUP = 256
"""So that a bulk request does not hold up single ones for long."""

_AHEAD = 1
"""Groups that are written while the disk is busy: to write more of them would only make them smaller."""


class _Written(NamedTuple):
    """What became of a group's entries, not yet on the disk, and how far the chain of events was read."""

    outcomes: list[Recorded | Exception]
    events: Head


def main() -> None:
    """Write groups until the service lets go of the connection."""
    # where a supervisor tells all processes at once to stop, the service still answers what was begun, and needs this one
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection = Connection(os.dup(0))
    url, busy_timeout = connection.recv()
    engine = open_engine(url, busy_timeout=busy_timeout)
    # it names no predictions, and so needs no secret
    log, write_ahead = CaseLog(engine, Identifier(b"")), WriteAhead(engine)
    written: queue.Queue[_Written | None] = queue.Queue(_AHEAD)
    teller = threading.Thread(target=_tell, args=(connection, write_ahead, written))
    gc.freeze()
    _send(connection, [], log.returns.read)
    teller.start()
    try:
        while True:
            entries = connection.recv()
            # what has gathered meanwhile goes into the same group
            while len(entries) < _LARGEST_GROUP and connection.poll():
                entries += connection.recv()
            for first in range(0, len(entries), _LARGEST_GROUP):
                group = list(map(Entry.unpacked, entries[first : first + _LARGEST_GROUP]))
                written.put(_Written(log.write(group), log.returns.read))
    except (EOFError, ConnectionError):
        pass
    finally:
        written.put(None)
        teller.join()
        log.close()


def _tell(connection: Connection, write_ahead: WriteAhead, written: "queue.Queue[_Written | None]") -> None:
    """Say what became of each group as soon as it is on the disk."""
    try:
        while (group := written.get()) is not None:
            outcomes = group.outcomes
            try:
                write_ahead.sync()
            except OSError as error:
                outcomes = [StoreUnavailable(describe(error)) for _ in outcomes]
            # where nobody is left who waits, what is there is written all the same
            with suppress(ConnectionError):
                _send(connection, outcomes, group.events)
    except Exception as error:  # noqa: BLE001 - whatever it is
        _log.error("写入案例日志时出现程序错误 | a defect in writing the case log: %s", where(error))
        # those who wait hear of the process's end, and would wait for ever for one that cannot tell them anything
        os._exit(1)


def _send(connection: Connection, outcomes: "list[Recorded | Exception]", events: Head) -> None:
    told = [each.revision if isinstance(each, Recorded) and not each.repeated else each for each in outcomes]
    connection.send_bytes(pickle.dumps((told, tuple(events)), pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main()
