"""Keeps the live charter the one that is in force: read, check that it can be resolved by, swap one reference."""

import logging
import threading

from auditing.charters.book import CharterBook
from auditing.discretion import where
from serving.metrics import Metrics
from serving.service import TriageService

_log = logging.getLogger(__name__)

_OWN_PACKAGES = {"features", "models", "auditing", "serving"}


class CharterFollower:
    """Looks after the charter in force for one service in one process. `book` has the charters of all processes."""

    def __init__(self, service: TriageService, book: CharterBook, metrics: Metrics) -> None:
        self._service = service
        self.book = book
        self._metrics = metrics
        self._looking = threading.Lock()
        self._number: int | None = None
        self._troubled = False

    def look(self) -> bool:
        """Look once, and resolve by what is in force from now on; whether the live charter is the one in force.

        Where the one in force cannot be read, the one before goes on. Never raises; looks come one after the other.
        """
        with self._looking:
            try:
                number = self.book.active_number()
                if number != self._number:
                    self._follow(number)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a charter, the one before goes on
                self._note(error)
            else:
                self._note(None)
            return not self._troubled

    def _follow(self, number: int) -> None:
        stored = self.book.get(number)
        before = self._service.swap_charter(stored.read(), stored.version)
        self._number = number
        self._metrics.show_charter(stored.version, before.resolver.version if before else None)
        _log.info(
            "章程就绪：%s %s（此前 %s） | charter in force: %s %s, before it %s",
            stored.version.name,
            stored.version.version,
            was := before.resolver.version.version if before else "-",
            stored.version.name,
            stored.version.version,
            was,
        )

    def _note(self, error: Exception | None) -> None:
        # said when it begins, not at every look
        if error is not None and not self._troubled:
            own = type(error).__module__.partition(".")[0] in _OWN_PACKAGES
            _log.error(
                "生效中的章程无法读取，沿用原章程 | the charter in force cannot be read, the one before goes on: %s",
                error if own else where(error),
            )
        self._troubled = error is not None
        self._metrics.show_charter_trouble(trouble=self._troubled)
