"""Keeps the cases up with the log while somebody looks at them; what nobody looks at costs nothing."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from threading import Lock
from typing import Any

from sqlalchemy import Engine

from auditing.cases import CaseBook
from auditing.doubts import handled_by
from auditing.profile import Profile
from serving.service import TriageService, TriageSource

PATIENCE = 1.0
"""Seconds that a page waits; after that it shows what is there already."""


class Keeper:
    """Refreshes the cases of `engine` in a thread of its own, one refresh at a time. `key`: see CaseBook."""

    def __init__(self, engine: Engine, key: bytes, sample_rate: float, service: TriageService) -> None:
        self._engine = engine
        self._key = key
        self._sample_rate = sample_rate
        self._service = service
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

    def close(self) -> None:
        """End after the refresh that is under way."""
        self._thread.shutdown(cancel_futures=True)

    def _refresh(self) -> None:
        with self._lock:
            self._next = None
        live = self._service.live
        reference = reference_of(live.model) if live else None
        handled = handled_by(reference.pairs) if reference else {}
        CaseBook(self._engine, self._key, sample_rate=self._sample_rate, handled=handled).refresh()


def reference_of(model: TriageSource) -> Profile | None:
    """Give the profile that a version carries from its training, None where it has none."""
    manifest: Mapping[str, Any] = getattr(model, "manifest", None) or {}
    written = manifest.get("about", {}).get("profile") if isinstance(manifest.get("about"), Mapping) else None
    return Profile.from_manifest(written) if written else None
