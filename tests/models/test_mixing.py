"""The second linear layer over out-of-fold margins."""

import numpy as np
import pytest

from models.mixing import Mixing, cross_mix, fit_mixing
from models.solver import Weights


@pytest.fixture
def confused():
    """Margins of four classes, of which the last two are told apart only by the first two's margins."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, 2_000).astype(np.int32)
    margins = random.normal(-1, 0.3, (2_000, 4)).astype(np.float32)
    rows = np.arange(2_000)
    margins[rows, codes] += 1
    late = codes >= 2
    margins[late, 2] = margins[late, 3] = random.normal(0, 0.3, int(late.sum()))
    margins[rows[late], codes[late] - 2] += 0.8
    return margins, codes


def test_it_learns_what_the_margins_of_other_classes_say(confused):
    margins, codes = confused
    layer = fit_mixing(margins[:1_000], codes[:1_000])
    before = (margins[1_000:].argmax(axis=1) == codes[1_000:]).mean()
    after = (layer.margins(margins[1_000:]).argmax(axis=1) == codes[1_000:]).mean()
    assert after > before + 0.1


def test_margins_that_say_all_there_is_keep_their_order():
    random = np.random.default_rng(0)
    codes = random.integers(0, 3, 900).astype(np.int32)
    margins = np.full((900, 3), -1, np.float32) + random.normal(0, 0.2, (900, 3)).astype(np.float32)
    margins[np.arange(900), codes] += 2
    mixed = fit_mixing(margins, codes).margins(margins)
    assert (mixed.argmax(axis=1) == margins.argmax(axis=1)).mean() > 0.99


def test_a_row_is_mixed_by_a_layer_that_has_not_seen_its_label(confused):
    margins, codes = confused
    folds = np.arange(len(codes)) % 5
    mixed, other = margins.copy(), margins.copy()
    whole = cross_mix(mixed, codes, folds)
    changed = codes.copy()
    changed[folds % 2 == 0] = 0
    cross_mix(other, changed, folds)
    even = folds % 2 == 0
    np.testing.assert_array_equal(mixed[even], other[even])
    assert (mixed[~even] != other[~even]).any()
    np.testing.assert_allclose(whole.margins(margins), mixed, atol=0.5)


def test_a_folded_head_has_the_mixed_margins(confused):
    margins, codes = confused
    layer = fit_mixing(margins, codes)
    random = np.random.default_rng(1)
    x = random.normal(size=(5, 7)).astype(np.float32)
    head = Weights(random.normal(size=(7, 4)).astype(np.float32), random.normal(size=4).astype(np.float32), 3)
    folded = layer.fold(head)
    np.testing.assert_allclose(
        x @ folded.weights + folded.bias, layer.margins(x @ head.weights + head.bias), rtol=1e-4, atol=1e-4
    )


def test_with_rows_in_one_half_only_nothing_is_mixed(confused):
    margins, codes = confused
    assert np.array_equal(cross_mix(margins, codes, np.zeros(len(codes), np.int64)).matrix, Mixing.none(4).matrix)
