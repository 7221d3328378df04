"""Figures of urgency count what was found against what was told."""

from models.charter.articles import Level
from training.written.urgency_figures import Judged, figures


def test_precision_is_of_what_was_found_and_recall_of_what_was_told():
    told = figures(
        [Judged(1, Level.P0, Level.P0), Judged(1, Level.P2, Level.P0), Judged(1, Level.P1, Level.P2)]
    ).splitlines()

    assert told == ["P0  precision 0.500 (1/2)  recall 1.000 (1/1)", "P1  precision 0.000 (0/0)  recall 0.000 (0/1)"]
