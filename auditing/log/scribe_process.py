"""The process that writes the case log for a service: python -m auditing.log.scribe_process, begun by `auditing.log.scribe`."""

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from auditing.discretion import where
from auditing.errors import StoreUnavailable
from auditing.log.caselog import CaseLog
from auditing.log.framing import Frames, framed
from auditing.log.identity import Identifier
from auditing.log.records import Entry, Recorded
from auditing.store.chain import Head
from auditing.store.database import describe, open_engine
from auditing.store.write_ahead import WriteAhead

_log = logging.getLogger(__name__)

_LARGEST_GROUP = 256
"""So that a bulk request does not hold up single ones for long."""

_ROOM = 1 << 18
"""Bytes that are taken from the connection at once: all that waits in it, as systems usually have it."""


def main() -> None:
    """Write groups until the service lets go of the connection."""
    # where a supervisor tells all processes at once to stop, the service still answers what was begun, and needs this one
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with socket.socket(fileno=os.dup(0)) as connection, suppress(ConnectionError):
            _serve(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is, those who wait hear of the process's end
        _log.error("写入案例日志时出现程序错误 | a defect in writing the case log: %s", where(error))
        sys.exit(1)


def _serve(connection: socket.socket) -> None:
    frames, room = Frames(), memoryview(bytearray(_ROOM))
    (url, busy_timeout), *messages = frames.of(connection.recv(_ROOM))
    engine = open_engine(url, busy_timeout=busy_timeout)
    # it names no predictions, and so needs no secret
    log, write_ahead = CaseLog(engine, Identifier(b"")), WriteAhead(engine)
    gc.freeze()
    _send(connection, [], log.returns.read)
    while True:
        # what has gathered while the group before was written is one group
        entries = [Entry.unpacked(values) for message in messages for values in message]
        for first in range(0, len(entries), _LARGEST_GROUP):
            outcomes = _write(log, write_ahead, entries[first : first + _LARGEST_GROUP])
            # where nobody is left who waits, what is there is written all the same
            with suppress(ConnectionError):
                _send(connection, outcomes, log.returns.read)
        received = connection.recv_into(room)
        if not received:
            break
        messages = list(frames.of(room[:received]))
    log.close()


def _write(log: CaseLog, write_ahead: WriteAhead, entries: Sequence[Entry]) -> list[Recorded | Exception]:
    outcomes = log.write(entries)
    try:
        write_ahead.sync()
    except OSError as error:
        return [StoreUnavailable(describe(error)) for _ in outcomes]
    return outcomes


def _send(connection: socket.socket, outcomes: list[Recorded | Exception], events: Head) -> None:
    told = [each.revision if isinstance(each, Recorded) and not each.repeated else each for each in outcomes]
    connection.sendall(framed((told, tuple(events))))


if __name__ == "__main__":
    main()
