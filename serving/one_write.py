"""The server's connections, with each answer in one piece.

uvicorn writes the head of an answer and then its body, and each is a trip through the system's network and a wake-up of the
client, for whom half an answer is of no use. Here both leave together.
"""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP as `HttpToolsProtocol` speaks it, over a connection that gathers what is written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin, with the connection wrapped."""
        self._gathering = _Gathering(transport, self.loop)
        # uvicorn asks a connection for what the wrapper has, and for no more
        super().connection_made(cast("asyncio.Transport", self._gathering))

    def on_response_complete(self) -> None:
        """Let a whole answer go at once."""
        self._gathering.flush()
        super().on_response_complete()


class _Gathering:
    """A connection on which what is written waits: for `flush`, or the end of the loop's turn, or of the connection."""

    __slots__ = ("_gathered", "_loop", "_transport", "get_extra_info", "is_closing", "pause_reading", "resume_reading")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes] = []
        self.get_extra_info = transport.get_extra_info
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(data)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        if self._gathered:
            data, self._gathered = b"".join(self._gathered), []
            self._transport.write(data)
