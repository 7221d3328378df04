"""The search for a recipe, on answers whose worth is known."""

import contextlib

import numpy as np
import pytest

from training.measuring.figures import Outcome
from training.recipe import Recipe
from training.tuning.inner_folds import InnerFold
from training.tuning.search import BUDGETS, SEARCHED, Tuning, search
from training.tuning.trials import TrialState

FOLDS = [InnerFold(np.arange(0), np.arange(fold * 200, fold * 200 + 200)) for fold in range(3)]


def answers(share, fold):
    """An outcome of a fold's rows of which this share is right: the easiest ones, so that recipes differ in few rows."""
    rows = fold.asked
    truth = np.where(rows % 2, "A", "B")
    answer = np.where(rows % 200 < share * 200, truth, np.where(rows % 2, "B", "A"))
    return {"domain": Outcome(truth, answer, np.full(len(rows), 0.5), np.stack([answer] * 3, axis=1), 0.95, rows)}


def by_c(recipe, _number, fold, check):
    """The larger C is, the more is right: 0.6 at the default."""
    check()
    return answers(0.6 + 0.1 * np.log2(recipe.c / 0.5), fold)


def indifferent(recipe, _number, fold, check):
    """Recipes differ in one row of a fold."""
    check()
    return answers(0.6 + 0.005 * (recipe.c > 1), fold)


def test_the_default_is_tried_first_and_a_clearly_better_recipe_is_used():
    told = []
    found = search(Recipe(), FOLDS, by_c, Tuning(trials=12, on_trial=told.append))
    assert [trial.number for trial in told] == list(range(12))
    assert told[0].recipe == Recipe()
    assert found.adopted
    assert found.recipe.c > 0.5
    assert found.recipe == max(told, key=lambda trial: (trial.state == TrialState.COMPLETE, trial.score)).recipe
    assert found.to_dict()["ahead"] == pytest.approx(found.best.score - told[0].score)
    assert "采用" in found.sentence


def test_what_is_not_searched_stays_as_it_was_given():
    found = search(Recipe(seed=3, folds=4), FOLDS, by_c, Tuning(trials=8))
    for trial in found.trials:
        told = trial.recipe.to_params()
        given = Recipe(seed=3, folds=4).to_params()
        assert {name for name in told if told[name] != given[name]} <= set(SEARCHED)
        assert trial.recipe.max_features in BUDGETS


def test_a_recipe_that_is_ahead_by_no_more_than_noise_is_not_used():
    found = search(Recipe(), FOLDS, indifferent, Tuning(trials=8))
    assert found.best.score > found.trials[0].score
    assert found.advantage.ahead <= 2 * found.advantage.error
    assert found.recipe == Recipe()
    assert "没有超出噪声" in found.sentence


def test_nothing_better_leaves_the_default():
    found = search(Recipe(), FOLDS, lambda _recipe, _number, fold, _check: answers(0.7, fold), Tuning(trials=3))
    assert (found.recipe, found.advantage) == (Recipe(), None)
    assert "没有得分高于默认" in found.sentence


def test_a_bad_trial_is_given_up_after_its_first_fold():
    found = search(Recipe(), FOLDS, by_c, Tuning(trials=16))
    pruned = [trial for trial in found.trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert {trial.folds for trial in pruned} == {1}
    assert found.to_dict()["pruned"] == len(pruned)


def test_the_same_seed_finds_the_same():
    found = [search(Recipe(), FOLDS, by_c, Tuning(trials=8)) for _ in range(2)]
    assert [trial.recipe for trial in found[0].trials] == [trial.recipe for trial in found[1].trials]
    other = search(Recipe(seed=1), FOLDS, by_c, Tuning(trials=8))
    assert [trial.recipe.c for trial in other.trials] != [trial.recipe.c for trial in found[0].trials]


def stopped_after(measured):
    """A measure, and a way to watch it that ends the search after so many folds."""
    folds = []

    def measure(recipe, number, fold, check):
        check()
        folds.append(number)
        return by_c(recipe, number, fold, lambda: None)

    return measure, lambda: contextlib.nullcontext(lambda: len(folds) >= measured)


def test_a_search_that_is_stopped_uses_the_best_so_far():
    whole = search(Recipe(), FOLDS, by_c, Tuning(trials=4))
    measure, watch = stopped_after(11)
    found = search(Recipe(), FOLDS, measure, Tuning(trials=20, watch=watch))
    assert [trial.state for trial in found.trials] == ["complete"] * 3 + ["stopped"]
    assert [trial.recipe for trial in found.trials] == [trial.recipe for trial in whole.trials]
    assert found.best in found.trials[:3]
    assert found.to_dict()["trials"] == 4


def test_a_search_that_is_stopped_before_anything_can_be_compared_uses_the_default_and_says_so():
    measure, watch = stopped_after(2)
    found = search(Recipe(), FOLDS, measure, Tuning(watch=watch))
    assert (found.recipe, found.best, len(found.trials)) == (Recipe(), None, 1)
    assert "the default is used" in found.sentence
    assert found.to_dict()["adopted"] is False


def test_time_that_is_over_ends_the_search():
    found = search(Recipe(), FOLDS, by_c, Tuning(minutes=1e-9))
    assert [trial.state for trial in found.trials] == ["stopped"]
    assert found.recipe == Recipe()
