"""The labels that this project ships: the 20 domains of market regulation and the offices of the demo bureau."""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from models.prediction import Target

_FILES: Mapping[Target, Path] = {
    "domain": Path(__file__).parent / "data" / "domains.csv",
    "office": Path(__file__).parent / "data" / "offices.csv",
}


@cache
def known_names(target: Target) -> Mapping[str, str]:
    """Chinese name of each shipped code."""
    with _FILES[target].open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name_zh"] for row in csv.DictReader(file)}


def names_of(target: Target, labels: Iterable[str]) -> dict[str, str]:
    """A name for each label: that of the shipped code; a label of the user's own is its own name.

    A set of labels bears the shipped names only where every one of them is a shipped code, so that somebody else's
    "O01" is not called by our demo office's name.
    """
    labels = list(labels)
    known = known_names(target)
    ours = all(label in known for label in labels)
    return {label: known[label] if ours else label for label in labels}
