"""The process that writes the case log for a service: python -m auditing.scribe_process, begun by `auditing.scribe`."""

import gc
import os
import pickle
import signal
from multiprocessing.connection import Connection

from auditing.caselog import CaseLog
from auditing.chain import Head
from auditing.identity import Identifier
from auditing.records import Entry, Recorded
from auditing.store import open_engine

_LARGEST_GROUP = 256
"""So that a bulk request does not hold up single ones for long."""


def main() -> None:
    """Write groups until the service lets go of the connection."""
    # where a supervisor tells all processes at once to stop, the service still answers what was begun, and needs this one
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    connection = Connection(os.dup(0))
    url, busy_timeout = connection.recv()
    # it names no predictions, and so needs no secret
    log = CaseLog(open_engine(url, busy_timeout=busy_timeout), Identifier(b""))
    gc.freeze()
    try:
        _send(connection, [], log.returns.read)
        while True:
            entries = connection.recv()
            # what has gathered meanwhile goes into the same group
            while len(entries) < _LARGEST_GROUP and connection.poll():
                entries += connection.recv()
            for first in range(0, len(entries), _LARGEST_GROUP):
                group = list(map(Entry.unpacked, entries[first : first + _LARGEST_GROUP]))
                _send(connection, log.write(group), log.returns.read)
    except (EOFError, ConnectionError):
        log.close()


def _send(connection: Connection, outcomes: "list[Recorded | Exception]", events: Head) -> None:
    told = [each.revision if isinstance(each, Recorded) and not each.repeated else each for each in outcomes]
    connection.send_bytes(pickle.dumps((told, tuple(events)), pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main()
