"""What complaints and answers look like taken together: kept with a version when it is trained, made anew for each day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.prediction import Target

KEPT = 512
"""Values of a distribution that are kept: evenly spaced quantiles where there are more."""

SILENT = ""
"""The label of a complaint that a head did not answer."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Counts and distributions of some complaints and the answers to them.

    rows: how many complaints. labels: answers per head, `SILENT` among them. confidence: of the answers per head, 0 to
    1. length: word-like characters. unknown: share of the character 2-grams of title and text that the model does not
    know, 0 to 1. pairs: complaints per right domain and office. Distributions are sorted, `KEPT` values at most.
    """

    rows: int
    labels: Mapping[Target, Mapping[str, int]]
    confidence: Mapping[Target, tuple[float, ...]]
    length: tuple[float, ...]
    unknown: tuple[float, ...]
    pairs: Mapping[tuple[str, str], int]

    def to_manifest(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rows": self.rows,
            "labels": {target: dict(counts) for target, counts in self.labels.items()},
            "confidence": {target: list(values) for target, values in self.confidence.items()},
            "length": list(self.length),
            "unknown": list(self.unknown),
            "pairs": [[domain, office, count] for (domain, office), count in self.pairs.items()],
        }

    @classmethod
    def from_manifest(cls, written: Mapping[str, Any]) -> Self:
        """Back from JSON."""
        return cls(
            rows=int(written["rows"]),
            labels=written["labels"],
            confidence={target: tuple(values) for target, values in written["confidence"].items()},
            length=tuple(written["length"]),
            unknown=tuple(written["unknown"]),
            pairs={(domain, office): int(count) for domain, office, count in written["pairs"]},
        )


def reference_in(manifest: Mapping[str, Any]) -> Profile | None:
    """Give the profile that a version's manifest carries; None of one that was trained without."""
    written = manifest["about"].get("profile")
    return Profile.from_manifest(written) if written else None


def profile_of(
    rows: int,
    answers: Mapping[Target, Sequence[str | None]],
    confidences: Mapping[Target, npt.ArrayLike],
    facts: npt.NDArray[np.integer],
    pairs: Mapping[tuple[str, str], int],
) -> Profile:
    """Make a profile.

    answers: per head the label of each complaint, None where it was silent. confidences: per head those of its answers.
    facts: int [n, FACTS] as `models.scores.Scores` has them, of all complaints or some.
    """
    known = facts[facts[:, 1] > 0]
    return Profile(
        rows=rows,
        labels={target: _counted(labels) for target, labels in answers.items()},
        confidence={target: quantiles(values) for target, values in confidences.items()},
        length=quantiles(facts[:, 0]),
        unknown=quantiles(1 - known[:, 2] / known[:, 1]),
        pairs=pairs,
    )


def quantiles(values: npt.ArrayLike, kept: int = KEPT) -> tuple[float, ...]:
    """Give the values sorted, or evenly spaced quantiles where there are more than `kept`; rounded to 4 decimals."""
    found = np.sort(np.asarray(values, np.float64))
    if len(found) > kept:
        found = np.quantile(found, np.linspace(0, 1, kept))
    return tuple(np.round(found, 4).tolist())


def _counted(labels: Sequence[str | None]) -> dict[str, int]:
    found, counts = np.unique(np.array([label or SILENT for label in labels], object).astype(str), return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))
