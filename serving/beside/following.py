"""Keeps the live version the one that the alias names: load, verify, warm, swap one reference, drop the old."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from auditing.discretion import where
from models.prediction import ModelVersion
from models.versions import RegistryUnavailable, UnknownVersion
from serving.metrics import Metrics
from serving.service import TriageService, TriageSource

_log = logging.getLogger(__name__)

RETRY = timedelta(minutes=1)
"""After which a version that was refused is looked at again: its files may have been mended."""

_OWN_PACKAGES = {"features", "models", "auditing", "serving"}


class State(StrEnum):
    """How the live version stands to the alias."""

    CURRENT = "current"
    """It is the one that the alias names."""
    REFUSED = "refused"
    """The alias names a version that failed its checks; the one before goes on answering."""
    REGISTRY_AWAY = "registry_away"
    """Nobody knows what the alias names; the live one goes on answering."""


@dataclass(frozen=True, slots=True)
class Following:
    """What the last look found. `version`: what the alias named, as far as known; `since`: when this state began."""

    state: State
    version: str | None
    since: datetime
    checked_at: datetime


class Follower:
    """Looks after the alias for one service in one process.

    `find` tells cheaply which version is named now, None where nobody can tell; `load` loads and verifies it. Both
    block; requests do not wait for them.
    """

    def __init__(
        self,
        service: TriageService,
        load: Callable[[], TriageSource],
        find: Callable[[], ModelVersion] | None,
        metrics: Metrics,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._service = service
        self._load = load
        self._find = find
        self._metrics = metrics
        self._now = now
        self._looking = threading.Lock()
        self._refused_until = datetime.min.replace(tzinfo=UTC)
        self._following: Following | None = None

    @property
    def can_follow(self) -> bool:
        """Whether it can tell cheaply which version is named."""
        return self._find is not None

    @property
    def following(self) -> Following | None:
        """What the last look found, None before the first one."""
        return self._following

    def look(self, *, anew: bool = False) -> Following:
        """Look once, and load what is named if another version answers. Never raises for what the registry holds.

        `anew`: also look at a version that was refused a moment ago. Looks come one after the other.
        """
        with self._looking:
            named: ModelVersion | None = None
            try:
                live = self._service.live
                if self._find is not None:
                    named = self._find()
                    if live is not None and named == live.model.version:
                        return self._note(State.CURRENT, named.version)
                    if not anew and self._is_refused(named):
                        return self._note(State.REFUSED, named.version)
                model = self._load()
                if live is not None and model.version == live.model.version:
                    # the registry went away between the two questions, and the last good copy is the live version
                    state = State.CURRENT if named in (None, model.version) else State.REGISTRY_AWAY
                    return self._note(state, model.version.version)
                before = self._service.swap(model)
            except (RegistryUnavailable, UnknownVersion) as error:
                return self._note(State.REGISTRY_AWAY, named.version if named else None, error)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with a version, the one before goes on
                self._refused_until = self._now() + RETRY
                return self._note(State.REFUSED, named.version if named else None, error)
            self._metrics.show_model(model.version, before.model.version if before else None)
            self._metrics.count_reload("swapped")
            _log.info(
                "已换用版本 %s（此前 %s） | version %s answers now, before it %s",
                model.version.version,
                before.model.version.version if before else "-",
                model.version.version,
                before.model.version.version if before else "-",
            )
            return self._note(State.CURRENT, model.version.version)

    def _is_refused(self, named: ModelVersion) -> bool:
        found = self._following
        return (
            found is not None
            and found.state is State.REFUSED
            and found.version == named.version
            and self._now() < self._refused_until
        )

    def _note(self, state: State, version: str | None, error: Exception | None = None) -> Following:
        now, before = self._now(), self._following
        found = Following(state, version, now, now)
        if before is not None and (before.state, before.version) == (state, version):
            found = replace(found, since=before.since)
        elif error is not None:
            # said when it begins, not at every look
            own = type(error).__module__.partition(".")[0] in _OWN_PACKAGES
            _log.error("%s: %s", _SAID[state], error if own else where(error))
        elif before is not None and before.state is not State.CURRENT and state is State.CURRENT:
            _log.info("模型登记恢复正常 | the live version is the one that the alias names again")
        if error is not None:
            self._metrics.count_reload(state.value)
        self._metrics.show_following(trouble=state is not State.CURRENT)
        self._following = found
        return found


_SAID = {
    State.REFUSED: "新版本未通过校验，原版本继续服务 | the version named now is refused, the one before goes on answering",
    State.REGISTRY_AWAY: "模型登记库无响应，原版本继续服务 | the registry does not say, the live version goes on answering",
}
