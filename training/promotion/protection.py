"""Classes whose complaints must not be missed more often by a new version than by the one before it."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from models.decision import NotAPolicy
from models.prediction import TARGETS, Target
from training.errors import Refused

SHIPPED = Path(__file__).parent / "protected.csv"

_SENTENCE = re.compile(r"recall loss <= (0\.\d+|0|1\.0) @ (\d{2})% confidence")


@dataclass(frozen=True, slots=True)
class RecallLoss:
    """What a class may lose: "recall loss <= 0.02 @ 95% confidence".

    The loss is the champion's recall less the challenger's on the same rows. It is beyond what is tolerated where the
    whole interval of that confidence is, and within where the whole interval is; in between there are too few rows to
    tell.
    """

    sentence: str

    def __post_init__(self) -> None:
        """Read the sentence at once. Raises NotAPolicy."""
        _ = self.tolerance

    @property
    def tolerance(self) -> float:
        """The loss of recall that is tolerated, 0 to 1."""
        return float(self._read()[1])

    @property
    def confidence(self) -> float:
        """The confidence of the interval, 0 to 1."""
        return int(self._read()[2]) / 100

    def _read(self) -> re.Match[str]:
        if not (found := _SENTENCE.fullmatch(self.sentence)):
            raise NotAPolicy(self.sentence, "recall loss <= 0.02 @ 95% confidence")
        return found


@dataclass(frozen=True, slots=True)
class Protection:
    """A class of a head, what it may lose, and why it is protected."""

    target: Target
    label: str
    policy: RecallLoss
    reason: str


class ProtectionUnreadable(Refused):
    """The table of protected classes cannot be used."""

    def __init__(self, path: Path, row: int | None, why: str) -> None:
        self.path, self.row = path, row
        where = f"{path}" if row is None else f"{path}, row {row}"
        super().__init__(
            f"保护类别表 {where}：{why}。表头应为 target,class,policy,reason，policy 如 “recall loss <= 0.02 @ 95% confidence”。",
            f"{where}: {why}; the header is target,class,policy,reason, a policy reads like "
            '"recall loss <= 0.02 @ 95% confidence".',
        )


def read_protected(path: Path = SHIPPED) -> tuple[Protection, ...]:
    """Read a table of protected classes: CSV with the columns target, class, policy and reason.

    Raises:
        ProtectionUnreadable: it is not there, or a row makes no sense.

    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise ProtectionUnreadable(path, None, type(error).__name__) from error
    found = []
    for number, row in enumerate(rows, 2):
        if row.get("target") not in TARGETS or not row.get("class"):
            raise ProtectionUnreadable(path, number, f"target: {' / '.join(TARGETS)}; class: –")
        try:
            policy = RecallLoss((row.get("policy") or "").strip())
        except NotAPolicy as error:
            raise ProtectionUnreadable(path, number, str(error)) from error
        found.append(Protection(cast("Target", row["target"]), row["class"], policy, row.get("reason") or ""))
    return tuple(found)
