"""One complaint's whole answer: what the model says, and what the charter makes of it."""

from typing import NamedTuple

from models.charter.route import Resolution
from models.prediction import Triage


class Answer(NamedTuple):
    """What is answered: `triage` with the office that model and charter come to together, and the rest of the charter's."""

    triage: Triage
    resolution: Resolution
