"""A light load generator in a process of its own: prepared bytes, one request at a time on each connection.

python -m tests.benchmarks.load PORT PATH CONNECTIONS SECONDS AT_MOST RUN BODIES

BODIES is a file with a JSON body in each line, in which TICKET stands where a number of its own belongs. Prints the
figures of what was answered after a short warm-up, as JSON. The address is this machine's own, always.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

TICKET = "ticket-number"
_WARM_UP = 0.15
"""Share of the time whose answers do not count."""


@dataclass(slots=True)
class Load:
    """What to send, until when, and what came back."""

    requests: list[tuple[bytes, bytes]]
    run: str
    at_most: int
    until: float
    numbers: "count[int]" = field(default_factory=count)
    answered: list[tuple[float, float]] = field(default_factory=list)
    """When each request began and when its answer was there."""
    failures: int = 0
    answer: bytes = b""

    def next_request(self) -> bytes | None:
        """The bytes of one more request, or None when it is enough."""
        number = next(self.numbers)
        if number >= self.at_most or time.perf_counter() >= self.until:
            return None
        before, after = self.requests[number % len(self.requests)]
        return b"%b%b%b" % (before, self.run.encode() + b"%09d" % number, after)


class Connection(asyncio.Protocol):
    """Sends a request, waits for its whole answer, and sends the next."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._received = b""
        self._began = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head = received.find(b"\r\n\r\n")
        if head < 0 or len(received) < head + 4 + _length(received[:head]):
            self._received = received
            return
        self._received = b""
        load = self._load
        if not received.startswith(b"HTTP/1.1 200"):
            load.failures += 1
            load.answer = received
        else:
            load.answered.append((self._began, time.perf_counter()))
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._load.failures += 1
            self.done.set_result(None)

    def _send(self) -> None:
        request = self._load.next_request()
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length:")
    return int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0


def prepare(path: str, port: int, bodies: Path, ticket_length: int) -> list[tuple[bytes, bytes]]:
    """Requests in two halves, with the ticket's number between them."""
    found = []
    for line in bodies.read_bytes().splitlines():
        before, after = line.split(TICKET.encode())
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(before) + ticket_length + len(after)}\r\n\r\n"
        )
        found.append((head.encode() + before, after))
    return found


async def send(port: int, connections: int, seconds: float, load: Load) -> dict[str, float]:
    """Keep the connections busy and give the figures: milliseconds, requests per second, processor time of our own."""
    loop, began = asyncio.get_running_loop(), time.process_time()
    protocols = [
        (await loop.create_connection(lambda: Connection(load), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(protocol.done for protocol in protocols)), seconds + 20)
    spent = time.process_time() - began
    answered = np.array(load.answered).reshape(-1, 2)
    first, last = answered[:, 0].min(initial=np.inf), answered[:, 1].max(initial=-np.inf)
    counted_from = first + _WARM_UP * (last - first)
    counted = answered[answered[:, 1] >= counted_from]
    milliseconds = (counted[:, 1] - counted[:, 0]) * 1_000
    p50, p90, p99 = np.percentile(milliseconds, (50, 90, 99)).tolist() if len(milliseconds) else (float("nan"),) * 3
    return {
        "requests": len(milliseconds),
        "per_second": len(milliseconds) / (last - counted_from),
        "p50_ms": p50,
        "p90_ms": p90,
        "p99_ms": p99,
        "failures": load.failures,
        "answered": len(answered),
        "client_us": spent * 1e6 / max(len(answered), 1),
    }


def main() -> None:
    """Send what the command line says."""
    port, path, connections, seconds, at_most, run, bodies = sys.argv[1:]
    try:
        import uvloop  # noqa: PLC0415 - not on every machine

        loop_factory = uvloop.new_event_loop
    except ImportError:
        loop_factory = asyncio.new_event_loop
    requests = prepare(path, int(port), Path(bodies), len(run) + 9)
    load = Load(requests, run, int(at_most), time.perf_counter() + float(seconds))
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        figures = runner.run(send(int(port), int(connections), float(seconds), load))
    if load.failures:
        sys.stderr.write(f"{load.failures} requests failed, the last with {load.answer[:200]!r}\n")
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main()
