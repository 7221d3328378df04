"""Processes that serve while something is measured, and the load that is put on them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import orjson

from tests.benchmarks.data import ROOT, Rows
from tests.benchmarks.load import TICKET

_PATIENCE = 120.0
_AT_MOST = 1_000_000


class NotServing(RuntimeError):
    """A process that should serve has ended, or does not answer."""

    def __init__(self, command: Sequence[str], said: str) -> None:
        super().__init__(f"{' '.join(command)} does not answer; it said: {said[-2000:]}")


@dataclass(frozen=True, slots=True)
class Serving:
    """A process that answers on a port of this machine, and how long it took until it did."""

    port: int
    pid: int
    seconds: float


def environment(**settings: object) -> dict[str, str]:
    """The environment without this machine's own settings of paidan, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PAIDAN_", "PROMETHEUS_"))}
    return kept | {f"PAIDAN_{name.upper()}": str(value) for name, value in settings.items()}


@contextmanager
def running(
    command: Sequence[str], port: int, env: Mapping[str, str], work: Path, ready: str = "/readyz"
) -> Iterator[Serving]:
    """Run a command until the block ends, from when it answers `ready`."""
    said = work / f"said-{port}.txt"
    began = time.perf_counter()
    with said.open("wb") as output:
        # a group of its own, so that its workers end with it
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env=dict(env), cwd=ROOT, start_new_session=True
        )
    try:
        while not _answers(port, ready):
            if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                raise NotServing(command, said.read_text(errors="replace"))
            time.sleep(0.01)
        yield Serving(port, process.pid, time.perf_counter() - began)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def our_service(home: Path, work: Path, **settings: object) -> Iterator[Serving]:
    """`paidan serve` with one worker, without keys."""
    port = free_port()
    env = environment(home=home, port=port, require_keys=0, **settings)
    with running([sys.executable, "-m", "paidan", "serve"], port, env, work) as serving:
        yield serving


@contextmanager
def peer(kind: str, home: Path, work: Path) -> Iterator[Serving]:
    """One of tests.benchmarks.peer_services."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.peer_services", kind, str(port), str(home)]
    with running(command, port, environment(), work) as serving:
        yield serving


def write_bodies(rows: Rows, path: Path) -> Path:
    """Bodies for the load generator: what an intake system sends."""
    with path.open("wb") as file:
        for complaint in rows.complaints:
            body = {"source": "12345", "ticket_id": TICKET, "text": complaint.text}
            if complaint.title:
                body["title"] = complaint.title
            file.write(orjson.dumps(body) + b"\n")
    return path


def load(
    serving: Serving, connections: int, seconds: float, run: str, bodies: Path, *, at_most: int = _AT_MOST,
    path: str = "/v1/predict",
) -> dict[str, Any]:  # fmt: skip
    """Figures of one run of the load generator; `run` goes into the numbers of its tickets and must be new each time.

    Beside the generator's own: processor time per answer, of the service's process and of those that it has begun.
    """
    before = _spent(serving.pid)
    done = subprocess.run(
        [
            sys.executable, "-m", "tests.benchmarks.load",
            *map(str, (serving.port, path, connections, seconds, at_most, f"{run:>6}".replace(" ", "-"), bodies)),
        ],
        cwd=ROOT, env=environment(), capture_output=True, check=True, timeout=seconds + 120,
    )  # fmt: skip
    figures: dict[str, Any] = json.loads(done.stdout)
    if figures["failures"]:
        raise NotServing([f"port {serving.port}"], done.stderr.decode(errors="replace"))
    for name, after, since in zip(("server_us", "children_us"), _spent(serving.pid), before, strict=True):
        figures[name] = (after - since) * 1e6 / max(figures["answered"], 1)
    return figures


def _spent(pid: int) -> tuple[float, float]:
    """Seconds of the processor that a process and its children have taken; nothing is known where there is no /proc."""
    processes = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # the name, in brackets, may hold anything
            state = file.read_text().rpartition(")")[2].split()
            processes[int(file.parent.name)] = (
                int(state[1]),
                (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK"),
            )
    children = sum(seconds for parent, seconds in processes.values() if parent == pid)
    return processes.get(pid, (0, 0.0))[1], children


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except URLError as error:
        # an answer all the same, of a peer that has no such page
        return getattr(error, "code", None) == HTTPStatus.NOT_FOUND
    except OSError:
        return False
