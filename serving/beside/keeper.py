"""Keeps the cases and the board up with the log: at once while somebody looks at them, and gently for the watch."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from threading import Lock
from time import monotonic
from typing import Any

from sqlalchemy import Engine

from auditing.board.book import BoardBook
from auditing.cases.book import CaseBook
from auditing.cases.doubts import handled_by
from auditing.figures.profile import Profile, reference_in
from serving.service import TriageService, TriageSource

PATIENCE = 5.0
"""Seconds that a page waits; after that it shows what is there already."""

REST = 4.0
"""Rest after a portion that nobody waits for, as a multiple of the time that it took."""


class Keeper:
    """Refreshes the cases and the board of `engine` in a thread of its own, one refresh at a time. `key`: see CaseBook.

    By `service` it knows which version answers.
    """

    def __init__(self, engine: Engine, key: bytes, sample_rate: float, service: TriageService) -> None:
        self._engine = engine
        self._key = key
        self._sample_rate = sample_rate
        self.service = service
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cases")
        self._lock = Lock()
        self._next: Future[None] | None = None

    def catch_up(self, patience: float = PATIENCE) -> bool:
        """Take in what is new; whether that was done within `patience` seconds. Raises SQLAlchemyError."""
        with self._lock:
            # one that has not begun will see whatever is in the log now
            if self._next is None:
                self._next = self._thread.submit(self._refresh)
            waiting = self._next
        try:
            waiting.result(patience)
        except NotYet:
            return False
        return True

    def catch_up_gently(self, wait: Callable[[float], bool]) -> bool:
        """Take in what is new in this thread, with rests; `wait` rests so many seconds, and says True to end early.

        Returns whether it came to the end. Answers of challengers are left to `catch_up`. Raises SQLAlchemyError.
        """
        book, board = self.book(), BoardBook(self._engine)
        while True:
            began = monotonic()
            if not (book.take() or board.take()):
                return True
            if wait((monotonic() - began) * REST):
                return False

    def book(self) -> CaseBook:
        """Open the cases, by the rules of the version that answers now."""
        live = self.service.live
        reference = reference_of(live.model) if live else None
        handled = handled_by(reference.pairs) if reference else {}
        return CaseBook(self._engine, self._key, sample_rate=self._sample_rate, handled=handled)

    def close(self) -> None:
        """End after the refresh that is under way."""
        self._thread.shutdown(cancel_futures=True)

    def _refresh(self) -> None:
        with self._lock:
            self._next = None
        self.book().refresh()
        BoardBook(self._engine).refresh()


def reference_of(model: TriageSource) -> Profile | None:
    """Give the profile that a version carries from its training, None where it has none."""
    manifest: Mapping[str, Any] = getattr(model, "manifest", {})
    # what is told about a version is free text to whoever wrote it
    return reference_in(manifest) if isinstance(manifest.get("about"), Mapping) else None
