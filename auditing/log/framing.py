"""Messages between two processes of ours, over a stream that keeps their order and forgets where each ends."""

import pickle
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!I")


def framed(message: object) -> bytes:
    """Write a message with its length before it."""
    pickled = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(pickled)) + pickled


class Frames:
    """Takes what arrives, whatever its pieces, and gives the messages that are whole."""

    def __init__(self) -> None:
        self._received = bytearray()

    def of(self, data: bytes | memoryview) -> Iterator[Any]:
        """Give the messages that `data` completes."""
        received = self._received
        received += data
        begin = _LENGTH.size
        while len(received) >= begin and len(received) >= (end := begin + _LENGTH.unpack_from(received)[0]):
            message = received[begin:end]
            del received[:end]
            # from a process of our own
            yield pickle.loads(message)  # noqa: S301
