"""Whether complaints still look as they did when the version was trained; day by day, knowing about small counts.

Labels are compared by the G-test of independence (B. Woolf 1957), rare ones taken together until every expected count
is five (W. Cochran 1954); lengths, unknown n-grams and confidences by the two-sample test of Kolmogorov and Smirnov.
Where a day has too little for its test the finding is "insufficient", not an alarm. The tests of a report are many and
hang together, so their p-values are corrected for the false discovery rate under any dependence (Y. Benjamini and D.
Yekutieli 2001). And because with thousands of complaints the smallest difference is significant, drift must also be
large: a tenth of the complaints would have to be others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp, norm
from sqlalchemy import ColumnElement, Connection, Engine, and_, case, func, select

from auditing.cases.rows import as_of
from auditing.figures.estimates import LEVEL, NOTHING, share_interval
from auditing.figures.profile import SILENT, Profile, profile_of
from auditing.store.schema import predictions
from auditing.store.schema_cases import cases
from features.complaint import Complaint
from models.prediction import TARGETS, Target
from models.triage import TriageModel

LEAST_ROWS = 30
"""Complaints that a day needs before it is compared."""
LEAST_EXPECTED = 5.0
"""Expected count that every label, or group of rare ones, needs."""
ALARM = 0.01
"""False discovery rate."""
LARGE = 0.1
"""Least distance: total variation of labels, or the largest gap between two distribution functions."""
READ_PER_DAY = 500
"""Complaints of a day whose text is read again, evenly spaced."""

FactsOf = Callable[[Sequence[Complaint]], npt.NDArray[np.integer]]
"""Reads complaints: int [n, FACTS] as `models.scores.Scores.facts`."""


class State(StrEnum):
    """What a comparison says."""

    STEADY = "steady"
    DRIFT = "drift"
    INSUFFICIENT = "insufficient data"


class Comparison(NamedTuple):
    """One signal of one day: the distance from the reference, 0 to 1, and its p-value; NaN where it cannot be told."""

    signal: str
    rows: int
    distance: float
    p: float


class Finding(NamedTuple):
    """A comparison and what follows; `q` is the p-value corrected for all comparisons of the report."""

    signal: str
    rows: int
    distance: float
    p: float
    q: float
    state: State


class Accuracy(NamedTuple):
    """How many answers of a head were right: estimated before anybody knows, and as outcomes and reviews have it.

    estimated: the mean calibrated confidence ("average confidence", D. Guillory et al. 2021), with the normal interval
    of a sum of independent trials of these chances; it trusts the calibration, and so errs where that has drifted.
    realised: the share right of the `known`, with Wilson's interval. Values are NaN where there is nothing to divide by.
    """

    target: Target
    answered: int
    estimated: float
    low: float
    high: float
    known: int
    right: int
    realised: float
    realised_low: float
    realised_high: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a version's predictions, China's time; `begins` is its midnight."""

    begins: datetime
    rows: int
    findings: tuple[Finding, ...]
    accuracy: tuple[Accuracy, ...]


def drift(
    engine: Engine, reference: Profile, version: str, since: datetime, until: datetime, facts_of: FactsOf | None = None
) -> list[Day]:
    """Compare each day from that of `since` to before `until` with the reference; days without a prediction are left out.

    facts_of: see `reading`; without it nothing is said of lengths and unknown n-grams. Texts that retention has removed
    are not read.
    """
    days: list[tuple[datetime, Profile, tuple[Accuracy, ...]]] = []
    begins = as_of(since)
    with engine.connect() as connection:
        while begins < until:
            profile = _profile(connection, version, begins, facts_of)
            if profile.rows:
                days.append((begins, profile, _accuracies(connection, version, begins, reference)))
            begins += timedelta(days=1)
    compared = [compare(reference, profile) for _, profile, _ in days]
    judged = iter(judge([each for comparisons in compared for each in comparisons]))
    return [
        Day(begins, profile.rows, tuple(next(judged) for _ in comparisons), accuracy)
        for (begins, profile, accuracy), comparisons in zip(days, compared, strict=True)
    ]


def reading(model: TriageModel) -> FactsOf:
    """Give the facts of complaints as `model` reads them; it should be the version that is watched."""
    return lambda complaints: model.score_many(complaints).facts


def first_days(engine: Engine, version: str, rows: int = 1000, facts_of: FactsOf | None = None) -> Profile | None:
    """Make a reference of a version's first predictions, for one trained without; None while there are fewer than `rows`."""
    mine = cases.c.model_version == version
    with engine.connect() as connection:
        last = connection.scalar(select(cases.c.seq).where(mine).order_by(cases.c.seq).offset(rows - 1).limit(1))
        return None if last is None else _profile_where(connection, and_(mine, cases.c.seq <= last), facts_of)


def compare(reference: Profile, day: Profile) -> list[Comparison]:
    """Compare a day with the reference: the labels and confidences of each head, lengths, unknown n-grams."""
    found = []
    for target in TARGETS:
        if target in reference.labels and target in day.labels:
            found.append(labels_compared(f"labels:{target}", reference.labels[target], day.labels[target]))
        if target in reference.confidence and target in day.confidence:
            signal = f"confidence:{target}"
            found.append(values_compared(signal, reference.confidence[target], day.confidence[target]))
    found.append(values_compared("length", reference.length, day.length))
    found.append(values_compared("unknown n-grams", reference.unknown, day.unknown))
    return found


def labels_compared(signal: str, reference: Mapping[str, int], day: Mapping[str, int]) -> Comparison:
    """Compare counts of labels."""
    names = sorted(reference.keys() | day.keys())
    counts = np.array([[side.get(name, 0) for name in names] for side in (reference, day)], np.int64)
    rows = int(counts[1].sum())
    if rows < LEAST_ROWS or counts[0].sum() < LEAST_ROWS:
        return Comparison(signal, rows, NOTHING, NOTHING)
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    pooled = _pooled(counts)
    if pooled.shape[1] < 2:  # noqa: PLR2004  one label, or all too rare: nothing to test
        return Comparison(signal, rows, distance, NOTHING)
    return Comparison(signal, rows, distance, float(chi2_contingency(pooled, lambda_="log-likelihood").pvalue))


def _pooled(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Take the rarest columns together until each has an expected count of `LEAST_EXPECTED` in both rows."""
    totals = counts.sum(axis=0)
    needed = LEAST_EXPECTED * totals.sum() / counts.sum(axis=1).min()
    order = np.argsort(totals, kind="stable")
    rare = int(np.searchsorted(totals[order], needed))
    # the rest of the rare ones joins the rarest of the frequent where it is too little by itself
    while 0 < rare < len(order) and totals[order[:rare]].sum() < needed:
        rare += 1
    together = [counts[:, order[:rare]].sum(axis=1)] if rare else []
    return np.stack([*together, *counts[:, order[rare:]].T], axis=1)


def values_compared(signal: str, reference: Sequence[float], day: Sequence[float]) -> Comparison:
    """Compare distributions."""
    if min(len(day), len(reference)) < LEAST_ROWS:
        return Comparison(signal, len(day), NOTHING, NOTHING)
    found = ks_2samp(reference, day, method="asymp")
    return Comparison(signal, len(day), float(found.statistic), float(found.pvalue))


def judge(comparisons: Sequence[Comparison]) -> list[Finding]:
    """Say what follows from comparisons taken together, in their order."""
    told = [at for at, each in enumerate(comparisons) if not np.isnan(each.p)]
    corrected = np.full(len(comparisons), NOTHING)
    if told:
        corrected[told] = false_discovery_control([comparisons[at].p for at in told], method="by")
    return [Finding(*each, float(q), _state(each, float(q))) for each, q in zip(comparisons, corrected, strict=True)]


def _state(compared: Comparison, q: float) -> State:
    if np.isnan(compared.p):
        return State.INSUFFICIENT
    return State.DRIFT if q < ALARM and compared.distance >= LARGE else State.STEADY


def estimated_accuracy(confidences: npt.NDArray[np.floating], level: float = LEVEL) -> tuple[float, float, float]:
    """Give the mean of calibrated confidences and its interval, clipped to 0 and 1; NaN where there are none."""
    if not len(confidences):
        return NOTHING, NOTHING, NOTHING
    mean = float(np.mean(confidences))
    spread = float(np.sqrt(np.sum(confidences * (1 - confidences)))) / len(confidences)
    low, high = norm.interval(level, mean, spread) if spread else (mean, mean)
    return mean, max(0.0, float(low)), min(1.0, float(high))


def _profile(connection: Connection, version: str, begins: datetime, facts_of: FactsOf | None) -> Profile:
    return _profile_where(connection, _of_day(version, begins), facts_of)


def _profile_where(connection: Connection, condition: ColumnElement[bool], facts_of: FactsOf | None) -> Profile:
    columns = [cases.c[f"{target}_{what}"] for target in TARGETS for what in ("code", "confidence")]
    rows = connection.execute(select(cases.c.seq, *columns).where(condition).order_by(cases.c.seq)).all()
    answers: dict[Target, list[str | None]] = {}
    confidences: dict[Target, list[float]] = {}
    for place, target in enumerate(TARGETS):
        said = [(row[1 + 2 * place], row[2 + 2 * place]) for row in rows if row[2 + 2 * place] is not None]
        if said:
            answers[target] = [code for code, _ in said]
            confidences[target] = [confidence for code, confidence in said if code is not None]
    texts = _complaints(connection, [row.seq for row in rows]) if facts_of else []
    facts = facts_of(texts) if facts_of and texts else np.zeros((0, 3), np.int32)
    return profile_of(len(rows), answers, confidences, facts, {})


def _complaints(connection: Connection, seqs: Sequence[int]) -> list[Complaint]:
    chosen = seqs[:: max(1, -(-len(seqs) // READ_PER_DAY))]
    stored = connection.scalars(
        select(predictions.c.complaint).where(predictions.c.seq.in_(chosen)).order_by(predictions.c.seq)
    )
    read = (orjson.loads(text) for text in stored if text)
    return [
        Complaint(text=each["text"], title=each["title"], merchant=each["merchant"], address=each["address"])
        for each in read
    ]


def _accuracies(connection: Connection, version: str, begins: datetime, reference: Profile) -> tuple[Accuracy, ...]:
    found = []
    for target in reference.labels:
        code, confidence, true = (
            cases.c[name] for name in (f"{target}_code", f"{target}_confidence", f"true_{target}")
        )
        mine = and_(_of_day(version, begins), confidence.is_not(None))
        sure = np.array(connection.scalars(select(confidence).where(mine, code.is_not(None))).all(), np.float64)
        known, right = connection.execute(
            select(
                func.count(), func.coalesce(func.sum(case((func.coalesce(code, SILENT) == true, 1), else_=0)), 0)
            ).where(mine, true.is_not(None))
        ).one()
        share = int(right) / known if known else NOTHING
        interval = share_interval(int(right), known)
        found.append(Accuracy(target, len(sure), *estimated_accuracy(sure), known, int(right), share, *interval))
    return tuple(found)


def _of_day(version: str, begins: datetime) -> ColumnElement[bool]:
    return and_(
        cases.c.model_version == version,
        cases.c.created_at >= begins,
        cases.c.created_at < begins + timedelta(days=1),
    )
