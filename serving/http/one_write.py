"""The server's connections, with each body and each answer in one piece.

uvicorn writes the head of an answer and then its body, and each is a trip through the system's network and a wake-up of the
client, for whom half an answer is of no use. Here both leave together. Whoever has an answer ready need not go through the
messages of ASGI, of which each has its checks: `AtOnce` takes the whole answer, and gives the body where it is all there.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

AT_ONCE = "paidan.at_once"
"""Where the `AtOnce` of a request is in its scope; other servers have none."""


class OneWriteProtocol(HttpToolsProtocol):
    """HTTP as `HttpToolsProtocol` speaks it, over a connection that gathers what is written."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin, with the connection wrapped."""
        self._gathering = Gathering(transport, self.loop)
        # uvicorn asks a connection for what the wrapper has, and for no more
        super().connection_made(cast("asyncio.Transport", self._gathering))

    def on_headers_complete(self) -> None:
        """Begin with a request, and let it be answered at once."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.scope[AT_ONCE] = AtOnce(self.cycle, self._gathering)  # type: ignore[literal-required]

    def on_response_complete(self) -> None:
        """Let a whole answer go at once."""
        self._gathering.flush()
        super().on_response_complete()


class Gathering:
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
        """Write `data`, soon."""
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(data)

    def write_now(self, pieces: Sequence[bytes]) -> None:
        """Write what waits, and `pieces` in one piece behind it."""
        self.flush()
        self._transport.write(b"".join(pieces))

    def close(self) -> None:
        """Write what waits, and end the connection."""
        self.flush()
        self._transport.close()

    def flush(self) -> None:
        """Write what waits."""
        if self._gathered:
            data, self._gathered = b"".join(self._gathered), []
            self._transport.write(data)


class AtOnce:
    """One request that may be read and answered without the messages of ASGI."""

    __slots__ = ("_cycle", "_gathering")

    def __init__(self, cycle: RequestResponseCycle, gathering: Gathering) -> None:
        self._cycle = cycle
        self._gathering = gathering

    def body(self) -> bytes | None:
        """Take the body, where all of it is there and nobody has read of it; else it has to be received."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.response_complete or cycle.waiting_for_100_continue:
            return None
        cycle.message_event.clear()
        body, cycle.body = bytes(cycle.body), bytearray()
        return body

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Answer with a body of the length that `headers` tell; whether that could be done without a wait."""
        cycle = self._cycle
        if (
            cycle.response_started
            or cycle.disconnected
            or cycle.flow.write_paused
            or not cycle.keep_alive
            or cycle.access_log
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        self._gathering.write_now([STATUS_LINE[status], *lines, b"\r\n", body])
        # whoever waits for more of the request hears that it is answered
        cycle.message_event.set()
        cycle.on_response()
        return True
