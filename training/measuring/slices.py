"""A head's figures by slice of the rows: by length of the text, source, month, and size of the class."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.calibration import expected_calibration_error
from models.prediction import Target
from training.measuring.figures import Outcome
from training.measuring.intervals import accuracy_interval
from training.tables.columns import Role
from training.tables.dataset import LabelledComplaints
from training.tables.moments import CHINA

LENGTHS = (30, 80, 200)
"""Characters of the text, as written, at which a slice begins."""

CLASS_SIZES = (10, 50, 200)
"""Rows of the class at which a slice begins."""

SOURCE_ROWS = 10
"""A source with fewer rows is among the others: its accuracy would be an accident, and its name perhaps a person's."""

SIDES: Mapping[str, str] = MappingProxyType(
    {"length": "字数 length", "source": "来源 source", "month": "月份 month", "class_size": "类别行数 class size"}
)
"""What rows are sliced by, and how people call it."""

_OTHERS = "其他 others"
_CHINA_OFFSET = np.timedelta64(CHINA.utcoffset(None))
_Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of one slice: share that is right, its 95% interval from `low` to `high`, and ECE.

    ECE of few rows is biased upwards: its bins are as noisy as they are small.
    """

    by: str
    name: str
    rows: int
    accuracy: float
    low: float
    high: float
    ece: float

    def to_dict(self) -> dict[str, str | int | float]:
        """Return the figures by name."""
        return asdict(self)


def slices_of(said: Outcome, rows: _Indices, data: LabelledComplaints, target: Target) -> list[Slice]:
    """Slice what a head said of these rows of the data; entry i of `said` is about `rows[i]`.

    A class is as large as the data has labels of it. Rows without a source or a time are in no such slice; slices
    without rows are left out.
    """
    found = []
    for by, names in _sides(rows, data, target):
        for name in sorted(set(names.tolist()) - {""}, key=_place):
            own = names == name
            correct = said.correct[own]
            groups = None if said.groups is None else said.groups[own]
            low, high = accuracy_interval(correct, groups)
            ece = expected_calibration_error(said.confidence[own], correct)
            found.append(Slice(by, name, int(own.sum()), float(correct.mean()), low, high, ece))
    return found


def _sides(rows: _Indices, data: LabelledComplaints, target: Target) -> Iterator[tuple[str, npt.NDArray[np.object_]]]:
    """Yield what rows are sliced by, and the name of each row's slice, "" for none."""
    yield "length", _between(np.array([len(text) for text in data.texts[rows]], np.int64), LENGTHS)
    if Role.SOURCE in data.columns:
        yield "source", _sources(np.array([source.strip() for source in data.columns[Role.SOURCE][rows]], object))
    if not np.isnat(data.received[rows]).all():
        months = (data.received[rows] + _CHINA_OFFSET).astype("datetime64[M]")
        yield "month", np.where(np.isnat(months), "", months.astype(str)).astype(object)
    labels = data.labels(target)
    classes, sizes = np.unique(labels[labels != ""].astype(str), return_counts=True)
    known = dict(zip(classes.tolist(), sizes.tolist(), strict=True))
    yield "class_size", _between(np.array([known[label] for label in labels[rows]], np.int64), CLASS_SIZES)


def _between(numbers: _Indices, edges: tuple[int, ...]) -> npt.NDArray[np.object_]:
    names = [f"<{edges[0]}", *(f"{low}–{high - 1}" for low, high in pairwise(edges)), f">={edges[-1]}"]
    return np.array(names, object)[np.searchsorted(edges, numbers, side="right")]


def _sources(told: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    names, place, counts = np.unique(told.astype(str), return_inverse=True, return_counts=True)
    shown = np.where((counts >= SOURCE_ROWS) | (names == ""), names, _OTHERS).astype(object)
    return shown[place]


def _place(name: str) -> tuple[int, str]:
    """Put ranges in the order of their numbers, and names in their own."""
    first = name.lstrip("<>=").split("–")[0]
    if not first.isdigit():
        return 0, name
    return int(first) - name.startswith("<"), name
