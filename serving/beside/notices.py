"""Notices of incidents: kept in a file until the webhook has taken them, so that each is sent once."""

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from threading import Event
from time import monotonic

from auditing.figures.incidents import Incident, Ledger, Subject, Verdict
from serving.beside.webhook import Webhook, WebhookFailed

_log = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
"""Rest after a notice that could not be delivered."""


class Notices:
    """What `webhook` is told, in order; `file` keeps it. For one thread of one process."""

    def __init__(self, webhook: Webhook, file: Path) -> None:
        self._webhook = webhook
        self._file = file
        self._ledger: Ledger | None = None
        self._failing_since: float | None = None

    @property
    def open(self) -> tuple[Incident, ...]:
        """The incidents that have begun and not ended."""
        return self._kept.open

    def judge(self, verdicts: Mapping[Subject, Verdict], at: datetime) -> None:
        """Note what has begun and ended by these verdicts. Raises OSError where it cannot be kept."""
        after = self._kept.after(verdicts, at)
        if after != self._kept:
            self._keep(after)

    def deliver(self, stop: Event) -> None:
        """Send what waits, until `stop` is set or something cannot be sent. A failure is logged when it begins."""
        if self._failing_since is not None and monotonic() - self._failing_since < RETRY_SECONDS:
            return
        while self._kept.undelivered and not stop.is_set():
            try:
                self._webhook.post(self._kept.undelivered[0])
            except WebhookFailed as failed:
                if self._failing_since is None:
                    _log.warning("%s", failed)
                self._failing_since = monotonic()
                return
            if self._failing_since is not None:
                self._failing_since = None
                _log.info("Webhook 恢复送达 | the webhook is delivered again")
            self._keep(self._kept.delivered())

    @property
    def _kept(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger.read(self._file)
        return self._ledger

    def _keep(self, ledger: Ledger) -> None:
        ledger.write(self._file)
        self._ledger = ledger
