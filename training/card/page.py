"""The model card: one page for people that says what a version is for, what it learnt from and how far to trust it.

The sections follow M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019. Pictures are inside the page, so
that it opens anywhere, also where there is no network.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.measuring.figures import ClassFigures
from training.measuring.figures_report import FiguresReport
from training.measuring.slices import SIDES

_PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True, eq=False)
class HeadCard:
    """What a card tells of one head.

    report: figures, those of the baselines among them, and slices. policy: when an answer is sent without a person, as a sentence.
    silent: labels that cannot reach that. classes: most frequent first. pictures: PNG files, by title.
    """

    target: str
    report: FiguresReport
    policy: str
    silent: Sequence[str]
    classes: Sequence[ClassFigures]
    pictures: Mapping[str, bytes]


def write_card(name: str, about: Mapping[str, Any], gate: str, heads: Sequence[HeadCard]) -> str:
    """Write the card of the version that a run is about to register, as one HTML page.

    name: of the registered model. about: what the bundle's manifest tells of the training (`trained_at`, `data`,
    `recipe`, `split`). gate: the report on the data, as text.
    """
    environment = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined)
    drawn = [
        {name: getattr(head, name) for name in ("target", "report", "policy", "silent", "classes")}
        | {"pictures": {title: _inside(picture) for title, picture in head.pictures.items()}}
        for head in heads
    ]
    return environment.get_template("card.html").render(name=name, about=about, gate=gate, heads=drawn, sides=SIDES)


def _inside(picture: bytes) -> str:
    return base64.b64encode(picture).decode("ascii")
