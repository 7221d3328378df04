"""Training in a process of its own, so that its peak memory is its own.

python -m tests.benchmarks.big fit ROWS AT_MOST       both heads, on ROWS resampled from at most AT_MOST rows of the data
python -m tests.benchmarks.big command FILE           `paidan train --data FILE` as it is

The last line that it prints holds seconds and the peak in GiB, as JSON: `gib` of all that was in memory, `gib_of_its_own`
without the pages of files, which the system takes back when it needs them.
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.segment import Lexicon
from paidan import cli
from tests.benchmarks.data import read_rows
from tests.benchmarks.learn import learn

_KIB_PER_GIB = 1 << 20
_STATUS = Path("/proc/self/status")
_EVERY = 0.05
"""Seconds between two looks at the memory."""


def fit(n: int, at_most: int) -> dict[str, Any]:
    """Train both heads."""
    rows, lexicon = read_rows(at_most), Lexicon.load()
    few, groups = rows.resampled(n), rows.groups[rows.drawn(n)]
    began = time.perf_counter()
    fitted = learn(few, lexicon, groups=groups)
    return {
        "seconds": time.perf_counter() - began,
        "classes": sum(len(head.classes) for head in fitted.model.heads),
        "rows": few.name,
        "trained_rows": n,
    }


def command(file: str) -> dict[str, Any]:
    """Gate, hold-out, both fits, registry."""
    began = time.perf_counter()
    cli.main(["train", "--data", file], standalone_mode=False)
    return {"seconds": time.perf_counter() - began}


def peak() -> float:
    """The most memory that this process has held, GiB."""
    if _STATUS.exists():
        # not ru_maxrss, which counts what the parent held when it made this process
        return _now("VmHWM")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (_KIB_PER_GIB << 10)


@contextmanager
def watched(found: dict[str, Any]) -> Iterator[None]:
    """Put the peaks of what is done inside into `found`."""
    own, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal own
        while not done.wait(_EVERY):
            own = max(own, _now("RssAnon"))

    if _STATUS.exists():
        threading.Thread(target=watch, daemon=True).start()
    yield
    done.set()
    found["gib"] = peak()
    if own:
        found["gib_of_its_own"] = own


def _now(what: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / _KIB_PER_GIB


def main() -> None:
    """Do what the command line says."""
    what, *arguments = sys.argv[1:]
    found: dict[str, Any] = {}
    with watched(found):
        found |= fit(int(arguments[0]), int(arguments[1])) if what == "fit" else command(arguments[0])
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
