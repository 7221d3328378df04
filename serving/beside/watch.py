"""The watch: looks at the last days at a slow pace, shows what it finds in /metrics, and has notices sent.

Of several workers of one home, one does this, in a thread of low priority: no request and no scrape waits for it.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from auditing.discretion import where
from auditing.figures.incidents import Subject, Trouble, Verdict
from serving.beside.alone import Alone
from serving.beside.following import Follower, State
from serving.beside.keeper import Keeper
from serving.metrics import Metrics

if TYPE_CHECKING:
    from serving.beside.notices import Notices

_log = logging.getLogger(__name__)

REST = 20.0
"""Least rest after a look, as a multiple of the time that the look took."""

SUSPECT_EVERY = timedelta(hours=1)
"""Least time between two passes for suspected label errors; without a new label there is none."""

_TICK = 1.0
"""Seconds between looks at whether a version was refused, where there is somebody to tell."""


class Watch:
    """Looks at the cases of `keeper` every `every` seconds, never where that is 0.

    `notices` hears of incidents. floor: accuracy below which there is one. lock: a file that only one process holds.
    """

    def __init__(
        self,
        keeper: Keeper,
        follower: Follower | None,
        metrics: Metrics,
        lock: Path,
        *,
        every: float,
        floor: float,
        notices: "Notices | None",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._keeper = keeper
        self._follower = follower
        self._metrics = metrics
        self._every = every
        self._floor = floor
        self._notices = notices
        self._now = now
        self._alone = Alone("watch", lock, self._run)
        self._labelled = 0
        self._suspected_at = datetime.min.replace(tzinfo=UTC)

    def start(self) -> None:
        """Begin; the first look comes after the first rest, when what starts has started."""
        if self._every or self._notices:
            self._alone.start()

    def stop(self) -> None:
        """End after the look, or the notice, that is under way. Blocks until that is done."""
        self._alone.stop()

    def _run(self, stop: Event) -> None:
        due = monotonic() + self._every
        while not stop.wait(_TICK if self._notices else max(due - monotonic(), 0.0)):
            began = monotonic()
            try:
                self.heed_refusal()
                if self._every and began >= due:
                    self.look(stop)
                if self._notices:
                    self._notices.deliver(stop)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong here, answers go on
                _log.warning("巡查未能完成 | the look at the last days was not finished: %s", where(error))
            if began >= due:
                due = monotonic() + max(self._every, (monotonic() - began) * REST)

    def look(self, stop: Event) -> None:
        """Look once: take in what is new, suspect labels, show and judge the last days.

        Raises:
            SQLAlchemyError, OSError: store or home cannot be read or written now.

        """
        # statistics take long to import, and no start waits for them
        from auditing.figures.signs import verdicts_of  # noqa: PLC0415
        from serving.beside.last_days import last_signs  # noqa: PLC0415

        live = self._keeper.service.live
        if live is None or not self._keeper.catch_up_gently(stop.wait):
            return
        self._suspect()
        at, version = self._now(), live.model.version.version
        found = last_signs(self._keeper.service.log.engine, live.model, at)
        self._metrics.show_signs(found)
        if self._notices is not None:
            # troubles of the versions before are over
            over = {
                incident.subject: Verdict(troubled=False)
                for incident in self._notices.open
                if incident.subject.trouble is not Trouble.VERSION_REFUSED and incident.subject.version != version
            }
            self._notices.judge(over | verdicts_of(found, version, self._floor), at)

    def heed_refusal(self) -> None:
        """Have noted whether the follower refuses a version, or is out of it. Raises OSError."""
        found = self._follower.following if self._follower else None
        if self._notices is None or found is None or found.state is State.REGISTRY_AWAY:
            return
        refused = {
            incident.subject: Verdict(troubled=False)
            for incident in self._notices.open
            if incident.subject.trouble is Trouble.VERSION_REFUSED
        }
        if found.state is State.REFUSED:
            refused[Subject(Trouble.VERSION_REFUSED, found.version or "")] = Verdict(troubled=True)
        self._notices.judge(refused, self._now())

    def _suspect(self) -> None:
        book, at = self._keeper.book(), self._now()
        labelled = book.labelled()
        if labelled == self._labelled or at - self._suspected_at < SUSPECT_EVERY:
            return
        # cleanlab takes long to import too, and where nothing is labelled nobody needs it
        from auditing.figures.suspicion import suspected_cases  # noqa: PLC0415

        book.suspect(suspected_cases(book.engine))
        self._labelled, self._suspected_at = labelled, at
