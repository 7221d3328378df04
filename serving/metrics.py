"""Figures for Prometheus. Labels are few and bounded: route templates, codes, decisions, versions; nothing personal."""

import asyncio
import math
import os
from collections import Counter as Counts
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from models.charter.answer import Answer
from models.charter.route import CharterVersion, RouteState
from models.prediction import Decision, ModelVersion

if TYPE_CHECKING:
    # statistics take long to import
    from auditing.figures.signs import Signs
    from models.charter.articles import Level

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4

SHARED_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus-client: the directory through which several workers add up their figures."""

UNMATCHED = "unmatched"
"""The route of requests that no route takes: their paths would be labels without bound."""

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SIGNS = {
    "drift_days": "Days of the last seven on which complaints to the live version drifted, by kind and target",
    "drift_distance": "Distance from the reference on the latest day that could be told, 0 to 1; NaN: none could",
    "accuracy": (
        "Share of right answers in the last seven days: estimated from confidence, realised of what has become known, "
        "weighted for all traffic"
    ),
    "accuracy_cases": "Cases that the accuracy rests on",
}
_SOON = 0.05
"""Seconds until what was counted is added up, by one worker alone."""
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_Event = TypeVar("_Event")


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "paidan_requests", "Requests by route and status", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "paidan_request_seconds",
            "Seconds from the head of a request to the end of its answer, by route",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._predictions = Counter(
            "paidan_predictions",
            "Recorded predictions by head, decision and model version",
            ["head", "decision", "version"],
            registry=self._registry,
        )
        self._problems = Counter("paidan_problems", "Problems answered, by code", ["code"], registry=self._registry)
        self._model = Gauge(
            "paidan_model_info",
            "1 for the model version that answers now, 0 for those before it",
            ["name", "version"],
            registry=self._registry,
            multiprocess_mode="max",
        )
        self._reloads = Counter(
            "paidan_model_reloads",
            "Looks at the alias that loaded a version (swapped), or met trouble (refused, registry_away)",
            ["result"],
            registry=self._registry,
        )
        self._trouble = Gauge(
            "paidan_model_following_trouble",
            "1 while the live version is not known to be the one that the alias names: it was refused, or the registry is away",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._charter = Gauge(
            "paidan_charter_info",
            "1 for the charter that answers are resolved by now, 0 for those before it",
            ["name", "version"],
            registry=self._registry,
            multiprocess_mode="max",
        )
        self._charter_trouble = Gauge(
            "paidan_charter_following_trouble",
            "1 while the charter in force cannot be read: the one before goes on",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._routes = Counter(
            "paidan_routes",
            "Recorded predictions by how far the route is settled and how urgent they are",
            ["state", "urgency"],
            registry=self._registry,
        )
        self._shadows = Counter(
            "paidan_shadow_predictions",
            "Predictions that the challenger was asked about beside the live model, failed on, or left out",
            ["result"],
            registry=self._registry,
        )
        self._shadow_queue = Gauge(
            "paidan_shadow_queue",
            "Predictions that the challenger has not been asked about yet",
            registry=self._registry,
            multiprocess_mode="livemax",
        )
        self._groups = Histogram(
            "paidan_caselog_group_size",
            "Predictions that shared one commit of the case log",
            buckets=_SIZES,
            registry=self._registry,
        )
        self._store_errors = Counter(
            "paidan_caselog_errors", "Commits that failed for the store's sake", registry=self._registry
        )
        self._signs = {name: self._sign(name, what) for name, what in _SIGNS.items()}
        self._watched = Gauge(
            "paidan_watched_timestamp_seconds",
            "When the last days were looked at last",
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._seen_signs: set[tuple[str, str, str]] = set()
        # counted in passing and added up later, many at a time: each counter has a lock, and a request has eight of them
        # other workers are shown the figures through files, and by whoever is asked: at once
        self._soon = 0.0 if SHARED_DIRECTORY in os.environ else _SOON
        self._served: deque[tuple[str, int, float]] = deque()
        self._answered: deque[tuple[Decision | None, Decision | None, str, RouteState, Level]] = deque()

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request, soon. Call it in a running event loop."""
        if not self._served:
            asyncio.get_running_loop().call_later(self._soon, self.settle)
        self._served.append((route, status, seconds))

    def count_answer(self, answer: Answer) -> None:
        """Count one prediction with the next request: by each head that the model has, and by its route and urgency."""
        triage, resolution = answer
        domain, office = triage.domain, triage.office
        self._answered.append(
            (
                domain and domain.decision,
                office and office.decision,
                triage.model.version,
                resolution.route.state,
                resolution.urgency.level,
            )
        )

    def settle(self) -> None:
        """Add up what was counted since the last time; any thread may."""
        served: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
        for route, status, seconds in _taken(self._served):
            served[route, status].append(seconds)
        for (route, status), taken in served.items():
            self._requests.labels(route, str(status)).inc(len(taken))
            observe = self._seconds.labels(route).observe
            for seconds in taken:
                observe(seconds)
        for (domain, office, version, state, level), count in Counts(_taken(self._answered)).items():
            for head, decision in (("domain", domain), ("office", office)):
                if decision is not None:
                    self._predictions.labels(head, decision.value, version).inc(count)
            self._routes.labels(state.value, level.value).inc(count)

    def count_problem(self, code: str) -> None:
        """Count one problem that was answered."""
        self._problems.labels(code).inc()

    def count_group(self, size: int) -> None:
        """Count one commit of the case log, of `size` predictions."""
        self._groups.observe(size)

    def count_store_error(self) -> None:
        """Count one commit that failed for the store's sake."""
        self._store_errors.inc()

    def show_model(self, live: ModelVersion, before: ModelVersion | None = None) -> None:
        """Show that `live` answers now, in the place of `before`."""
        if before is not None:
            self._model.labels(before.name, before.version).set(0)
        self._model.labels(live.name, live.version).set(1)

    def show_charter(self, live: CharterVersion, before: CharterVersion | None = None) -> None:
        """Show that answers are resolved by `live` now, in the place of `before`."""
        if before is not None:
            self._charter.labels(before.name, before.version).set(0)
        self._charter.labels(live.name, live.version).set(1)

    def show_charter_trouble(self, *, trouble: bool) -> None:
        """Show whether the charter in force cannot be read."""
        self._charter_trouble.set(trouble)

    def count_reload(self, result: str) -> None:
        """Count one look at the alias that loaded a version, or met trouble."""
        self._reloads.labels(result).inc()

    def show_following(self, *, trouble: bool) -> None:
        """Show whether the live version is known to be the one that the alias names."""
        self._trouble.set(trouble)

    def count_shadow(self, result: str, count: int) -> None:
        """Count predictions that the challenger was asked about, failed on, or left out."""
        self._shadows.labels(result).inc(count)

    def show_shadow_queue(self, waiting: int) -> None:
        """Show how many predictions the challenger has not been asked about yet."""
        self._shadow_queue.set(waiting)

    def show_signs(self, found: "Signs") -> None:
        """Show what a look at the last days has found; what the one before spoke of, and this does not, is NaN."""
        values: dict[tuple[str, str, str], float] = {}
        for drift in found.drift:
            values["drift_days", drift.kind, drift.target] = drift.days
            values["drift_distance", drift.kind, drift.target] = drift.distance
        for accuracy in found.accuracy:
            values["accuracy", accuracy.kind, accuracy.target] = accuracy.value
            values["accuracy_cases", accuracy.kind, accuracy.target] = accuracy.cases
        for key in self._seen_signs | values.keys():
            name, kind, target = key
            self._signs[name].labels(kind, target).set(values.get(key, math.nan))
        self._seen_signs |= values.keys()
        self._watched.set_to_current_time()

    def _sign(self, name: str, what: str) -> Gauge:
        return Gauge(
            f"paidan_{name}",
            what,
            ["kind", "target"],
            registry=self._registry,
            # one process looks at a time: what was said last is true
            multiprocess_mode="mostrecent",
        )

    def expose(self) -> bytes:
        """Write all figures in Prometheus' text format; with several workers, those of all of them."""
        self.settle()
        registry = self._registry
        if SHARED_DIRECTORY in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def _taken(events: deque[_Event]) -> Iterator[_Event]:
    # one by one, for others may add some meanwhile
    while events:
        try:
            yield events.popleft()
        except IndexError:
            return
