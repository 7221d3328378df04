"""Texts that are no complaints, written for this project: what a model learns to stay silent on."""

import csv
from pathlib import Path

FILE = Path(__file__).parent / "background" / "texts.csv"


def background_texts(path: Path = FILE) -> tuple[str, ...]:
    """Greetings, poems, recipes, code, news …: one text each."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(row["text"] for row in csv.DictReader(file))
