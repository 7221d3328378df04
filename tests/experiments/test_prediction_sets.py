"""The comparison of prediction sets, on a few rows of the starter set."""

import numpy as np
import pytest

from tests.experiments.prediction_sets import WAYS, figures, parts, sets
from training.fitting.sets import choose_sets
from training.recipe import Recipe
from training.tables.columns import Role
from training.tables.dataset import read_labelled
from training.written.starter import starter_files


@pytest.fixture(scope="module")
def asked():
    data = read_labelled(starter_files()[:2], {Role.OFFICE: ""})
    return next(parts(data, Recipe(folds=2), 2, by_time=False))


def test_each_kind_of_set_has_the_best_class_and_tells_whether_it_has_the_right_one(asked):
    # of so few rows RAPS cannot set some of each class aside
    for way, settings in [each for each in WAYS if each[0] != "raps"]:
        found = sets(asked, way, settings, 0.9)
        assert found[np.arange(len(found)), asked.asked.argmax(axis=1)].all()
        covered, sizes, sure = figures(found, asked)
        assert len(covered) == len(sizes) == len(sure) == len(asked.codes)
        assert not covered[asked.codes < 0].any()
        assert sizes.min() >= 1


def test_the_products_sets_are_those_that_are_compared(asked):
    bound = choose_sets("smallest set @ coverage >= 0.9", asked.learnt, asked.learnt_codes).least
    own = asked.asked >= bound
    own[np.arange(len(own)), asked.asked.argmax(axis=1)] = True
    assert (own == sets(asked, "lac", {}, 0.9)).mean() > 0.999
