"""The challenger: asked about live complaints beside the live model, off the request path, and never answered with.

A thread of low priority follows the case log. It rests four times as long as it worked, and where it falls far behind it
leaves out what is between: answers never wait for it. Of several workers of one home, one does this.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from auditing.discretion import where
from auditing.errors import StoreUnavailable
from auditing.reruns.shadows import ShadowLog
from models.prediction import ModelVersion
from models.versions import RegistryUnavailable
from serving.beside.alone import Alone
from serving.metrics import Metrics
from serving.service import TriageService, TriageSource

_log = logging.getLogger(__name__)

BATCH = 32
"""Predictions that are looked at in one go."""

LONGEST_QUEUE = 5000
"""Predictions that may wait; of more, the oldest are left out."""

REST = 4.0
"""Rest after work, as a multiple of the time that the work took."""

_IDLE_SECONDS = 1.0
_LOOK_SECONDS = 10.0


class Challenger:
    """Follows the log for the version that `find` names, which `load` loads; both raise where there is none.

    lock: a file that only one process holds. A challenger that is the live version of `service` has nothing to add.
    """

    def __init__(
        self,
        log: ShadowLog,
        find: Callable[[], ModelVersion],
        load: Callable[[], TriageSource],
        service: TriageService,
        metrics: Metrics,
        lock: Path,
    ) -> None:
        self._log = log
        self._find = find
        self._load = load
        self._service = service
        self._metrics = metrics
        self._model: TriageSource | None = None
        self._refused: ModelVersion | None = None
        self._place = 0
        self._alone = Alone("challenger", lock, self._run)

    @property
    def version(self) -> ModelVersion | None:
        """The version that is asked now, if this process asks one."""
        return self._model.version if self._model is not None else None

    def start(self) -> None:
        """Begin to follow."""
        self._alone.start()

    def stop(self) -> None:
        """End with the portion that is under way. Blocks until that is done."""
        self._alone.stop()

    def _run(self, stop: threading.Event) -> None:
        looked = -_LOOK_SECONDS
        while not stop.is_set():
            began = monotonic()
            if began - looked >= _LOOK_SECONDS and self._live() is not None:
                self.look()
                looked = monotonic()
            asked = self._follow()
            worked = monotonic() - began
            stop.wait(max(worked * REST, 0.0 if asked else _IDLE_SECONDS))

    def look(self) -> None:
        """Look once which version is the challenger now, and load it if it is another one."""
        try:
            named = self._find()
        except Exception:  # noqa: BLE001
            # there is none, or the registry is away: whoever is asked goes on being asked
            return
        try:
            live = self._live()
            if live is None or named in (live, self._refused):
                self._model = None
                return
            if named == self.version:
                return
            self._model = None
            model = self._load()
            if model.version != named:
                return
            place = self._log.position(named)
            self._place = self._log.newest() if place is None else place
            self._model = model
            _log.info("候选版本 %s 旁听 | version %s is asked beside the live one", named.version, named.version)
        except (RegistryUnavailable, StoreUnavailable):
            return
        except Exception as error:  # noqa: BLE001 - a broken challenger is no reason for anything
            self._model, self._refused = None, named
            _log.warning(
                "候选版本 %s 不能加载 | the challenger %s cannot be loaded: %s",
                named.version,
                named.version,
                where(error),
            )

    def _live(self) -> ModelVersion | None:
        live = self._service.live
        return None if live is None else live.model.version

    def _follow(self) -> int:
        try:
            return self.follow()
        except StoreUnavailable:
            return 0
        except Exception as error:  # noqa: BLE001 - see above
            _log.warning("候选版本旁听出错 | asking the challenger failed: %s", where(error))
            self._model = None
            return 0

    def follow(self) -> int:
        """Ask about the next portion; returns how many predictions were looked at. Raises StoreUnavailable."""
        model = self._model
        if model is None or model.version == self._live() or self._service.charter is None:
            return 0
        newest = self._log.newest()
        behind = newest - self._place
        if behind > LONGEST_QUEUE:
            self._metrics.count_shadow("left_out", behind - LONGEST_QUEUE)
            self._place = newest - LONGEST_QUEUE
        waiting, place = self._log.waiting(model.version, self._place, BATCH)
        answers = []
        for each in waiting:
            try:
                answers.append((each, self._service.answer_with(model, each.complaint)))
            except Exception as error:  # noqa: BLE001 - one complaint must not end it for the others
                self._metrics.count_shadow("failed", 1)
                _log.warning("候选版本出错 | the challenger failed: %s", where(error))
        self._metrics.count_shadow("asked", self._log.append(answers))
        looked_at = place - self._place
        self._place = place
        self._metrics.show_shadow_queue(newest - place)
        return looked_at
