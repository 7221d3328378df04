"""Labelled rows as traffic: in order of time, cut between weeks into what is learnt, replayed and judged."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

from features.complaint import Complaint
from features.normalise import Normaliser
from training.gate.duplicates import near_duplicate_groups
from training.tables.columns import parse_mapping
from training.tables.dataset import read_labelled

_CHINA = timezone(timedelta(hours=8))
_WEEK = np.timedelta64(7, "D")
_HEADERS = ("received_at", "title", "text", "merchant", "address", "office")


class WeeksTooFew(ValueError):
    """The rows do not last long enough to be cut in three."""

    def __init__(self, weeks: int, asked: int) -> None:
        super().__init__(f"the rows span {weeks} weeks; --first and --then ask for {asked} of them and some to judge")


@dataclass(frozen=True, eq=False)
class Stretch:
    """Complaints one after another, and the office that was right for each, shape (rows,)."""

    complaints: Sequence[Complaint]
    office: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.complaints)

    @property
    def days(self) -> tuple[str, str]:
        """The first and the last day, China's time."""
        days = [f"{each.received_at.astimezone(_CHINA):%Y-%m-%d}" for each in self.complaints if each.received_at]
        return min(days), max(days)

    @property
    def groups(self) -> npt.NDArray[np.int64]:
        """A number for each row's near-duplicates, shape (rows,)."""
        normalise = Normaliser()
        return near_duplicate_groups([normalise.text_of(each.text) for each in self.complaints])

    def write(self, path: Path) -> Path:
        """Write the rows as a file for `paidan train`."""
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(_HEADERS)
            for each, office in zip(self.complaints, self.office, strict=True):
                moment = each.received_at.isoformat() if each.received_at else ""
                rows.writerow((moment, each.title, each.text, each.merchant, each.address, office))
        return path


@dataclass(frozen=True)
class Weeks:
    """The first weeks to learn from, the following to replay, the later ones to judge by."""

    first: Stretch
    then: Stretch
    later: Stretch


def read_weeks(files: Sequence[Path], columns: Sequence[str], first: int, then: int) -> Weeks:
    """Read the rows that have a text, an office and a time; weeks begin on Mondays, China's time.

    Raises:
        WeeksTooFew: nothing is left for one of the three.
        training.errors.Refused: the files cannot be read.

    """
    data = read_labelled(files, parse_mapping(columns))
    filled = np.array([bool(text.strip()) for text in data.texts])
    rows = np.flatnonzero(filled & (data.labels("office") != "") & ~np.isnat(data.received))
    rows = rows[np.argsort(data.received[rows], kind="stable")]
    days = (data.received[rows] + np.timedelta64(8, "h")).astype("datetime64[D]")
    # day 0 was a Thursday
    number = (days - np.datetime64("1969-12-29")) // _WEEK
    number -= number[:1]
    parts = (number < first, (number >= first) & (number < first + then), number >= first + then)
    if not all(part.any() for part in parts):
        raise WeeksTooFew(int(number.max(initial=-1)) + 1, first + then)
    stretches = (data.select(rows[part]) for part in parts)
    return Weeks(*(Stretch(list(each.complaints()), each.labels("office")) for each in stretches))
