"""A thread of low priority beside the requests, in one process of several: the one that holds a lock."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 10.0
_NICE = 10


class Alone:
    """Runs `work` in a thread called `name`, once no other process holds `lock`, a file.

    `work` is given the event that says that it should end, and soon does when it is set.
    """

    def __init__(self, name: str, lock: Path, work: Callable[[threading.Event], None]) -> None:
        self._name = name
        self._lock = lock
        self._work = work
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end, and block until it has come."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        _be_nice()
        with contextlib.ExitStack() as held:
            while not _held(held, self._lock):
                if self._stop.wait(_LOOK_SECONDS):
                    return
            self._work(self._stop)


def _held(stack: contextlib.ExitStack, path: Path) -> bool:
    """Take the lock without waiting; it is held until `stack` ends or the process does."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows, where there is one worker
    except ImportError:
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    stack.callback(file.close)
    return True


def _be_nice() -> None:
    # on Linux a thread has a priority of its own
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
