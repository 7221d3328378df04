"""Pictures: what they rank and count, and that a person can read them."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from training.card.pictures import (
    ConfusedPair,
    confidence_bins,
    confusion,
    expected_calibration_error,
    most_confused,
    reliability,
    sweep,
)

THREE = np.array([[8, 2, 0], [1, 3, 1], [0, 0, 4]])


def drawn(figure):
    """Draw with warnings as errors, so that a missing glyph or a layout that does not fit fails."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer()


def texts(figure):
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def test_confusions_are_ranked_by_how_many_rows_they_cost():
    assert most_confused(THREE, ["食品", "广告", "价格"]) == (
        ConfusedPair("食品", "广告", 2, 0.2),
        ConfusedPair("广告", "食品", 1, 0.2),
        ConfusedPair("广告", "价格", 1, 0.2),
    )
    assert [pair.count for pair in most_confused(THREE, ["食品", "广告", "价格"], shown=1)] == [2]


def test_bins_hold_equally_many_answers_however_their_confidence_is_spread():
    confidence = np.array([0.5] * 7 + [0.99] * 93)
    bins = confidence_bins(confidence, np.ones(100, dtype=bool), bins=10)
    assert [part.count for part in bins] == [10] * 10
    assert sum(part.count for part in confidence_bins(confidence[:4], np.ones(4, dtype=bool))) == 4


def test_the_calibration_error_is_the_weighted_gap_between_confidence_and_accuracy():
    confidence = np.array([0.6] * 10 + [0.9] * 10)
    correct = np.array([True] * 6 + [False] * 4 + [True] * 7 + [False] * 3)
    assert expected_calibration_error(confidence_bins(confidence, correct, bins=2)) == pytest.approx(0.1)
    assert expected_calibration_error(()) == 0


@pytest.mark.parametrize("classes", [2, 7, 20, 117])
def test_no_label_of_the_confusion_covers_another(classes):
    labels = [f"{number}号街道办事处综合执法大队" for number in range(classes)]
    counts = np.random.default_rng(classes).integers(0, 40, (classes, classes)) + 900 * np.eye(classes, dtype=int)
    figure = confusion(counts, labels, "试验 trial")
    renderer = drawn(figure)
    for axes in figure.axes:
        rows = [text.get_window_extent(renderer) for text in axes.get_yticklabels()]
        assert not any(one.overlaps(other) for one, other in pairwise(rows))
    columns = [text.get_window_extent(renderer) for text in figure.axes[0].get_xticklabels()]
    assert not any(one.overlaps(other) for one, other in pairwise(columns))
    matrix, bars = (axes.get_tightbbox(renderer) for axes in figure.axes)
    assert not matrix.overlaps(bars)
    assert bars.x1 <= figure.bbox.x1 + 1


def test_rare_classes_are_summed_up_so_that_no_row_is_lost():
    counts = np.diag(np.arange(30, 0, -1))
    figure = confusion(counts, [f"第{number}类" for number in range(30)], "试验 trial", shown=5)
    cells = [int(text.get_text()) for text in figure.axes[0].texts]
    assert sum(cells) == counts.sum()
    assert "其余26类" in texts(figure)


def test_the_confusion_of_a_faultless_model_says_that_there_is_none():
    assert "没有误判 none" in texts(confusion(np.diag([5, 7]), ["食品", "药品"], "试验 trial"))


def test_a_class_without_rows_does_not_spoil_the_confusion():
    drawn(confusion(np.array([[3, 1], [0, 0]]), ["食品", "药品"], "试验 trial"))


def test_the_reliability_diagram_states_its_error():
    confidence = np.linspace(0.5, 1, 300)
    figure = reliability(confidence, np.ones(300, dtype=bool), "试验 trial")
    drawn(figure)
    assert "ECE 0.250" in texts(figure)


def test_the_reliability_of_no_answers_can_still_be_drawn():
    drawn(reliability(np.array([]), np.array([], dtype=bool), "试验 trial"))


def test_the_sweep_states_the_coverage_at_the_chosen_threshold():
    thresholds = np.linspace(0, 1, 11)
    figure = sweep(thresholds, 1 - thresholds, np.append(0.5 + thresholds[:-1] / 2, np.nan), 0.9, 0.8, "试验 trial")
    drawn(figure)
    assert "阈值 0.800 时覆盖率 20.0%" in texts(figure)
    assert "target precision 90%" in texts(figure)


@pytest.mark.parametrize("chosen", [None, np.inf])
def test_the_sweep_says_when_no_threshold_reaches_the_target(chosen):
    thresholds = np.linspace(0, 1, 11)
    figure = sweep(thresholds, 1 - thresholds, np.full(11, 0.5), 0.9, chosen, "试验 trial")
    drawn(figure)
    assert "no threshold reaches the target" in texts(figure)


def test_every_letter_is_in_the_packaged_font():
    figure = confusion(THREE, ["食品", "广告", "价格"], "试验 trial")
    drawn(figure)
    files = {
        Path(text.get_fontproperties().get_file()).name for text in figure.findobj(mpl.text.Text) if text.get_text()
    }
    assert files == {"NotoSansSC-Regular.otf"}


def test_drawing_leaves_matplotlib_as_it_was():
    script = """
import io, sys
import matplotlib
import numpy as np
settings = lambda: {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}
before = settings()
from training.card.pictures import confusion
confusion(np.eye(2, dtype=int), ["食品", "药品"], "试验").savefig(io.BytesIO(), format="png")
assert "matplotlib.pyplot" not in sys.modules
assert settings() == before
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
