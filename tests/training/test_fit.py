"""One fit: the same from the same, bounded as told, learnt from what it is given."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from features.complaint import Complaint
from features.normalise import Normaliser
from models.bundle import write_bundle
from models.decision import choose_policy
from models.fitted import FIELDS
from models.likeness import NO_ODDS, ODDS, OF_TEXT, margin_alone
from models.prediction import ModelVersion
from models.rows import Rows
from models.scorer import SCALES
from models.triage import TriageModel
from training.fitting.fit import fit, lesson
from training.fitting.scope import ScopeLesson, learn_odds
from training.measuring.evaluate import read_background
from training.recipe import Recipe
from training.written.background import background_texts


@pytest.fixture(scope="session")
def fit_rows(lexicon, tiny_complaints):
    """Fit the tiny complaints under a recipe, with any labels."""
    normalise = Normaliser()
    documents = [
        tuple(normalise(text).text if name == "text" else "" for name in FIELDS) for text, *_ in tiny_complaints
    ]
    rows = np.arange(len(documents))
    labels = np.array([domain for _, domain, _ in tiny_complaints], object)

    def fit_rows(labels=labels, groups=rows, background=None, progress=lambda *_: None, jobs=1, spool=None, **settings):
        background = read_background() if background is None else background
        told = documents * (len(labels) // len(documents))
        taught = lesson("domain", labels, np.flatnonzero(labels != ""), {})
        recipe = Recipe(**({"folds": 3} | settings))
        return fit(told, [taught], groups, background, lexicon, recipe, progress, jobs=jobs, spool=spool)

    return fit_rows


def arrays_of(model):
    vocabulary, records = model.vocabulary, model.records
    return {
        "table": vocabulary.table,
        "blocks": vocabulary.blocks,
        "characters": vocabulary.spelling.characters,
        "ends": vocabulary.spelling.ends,
        "block_weights": vocabulary.block_weights,
        "weights": records.weights,
        "places": records.places,
        "bias": records.bias,
        "calibration": np.array([head.calibration for head in model.heads]),
        "scope": np.array([model.scope.margin, model.scope.known_share, model.scope.characters, *model.scope.weights]),
    }


def assert_same(one, other):
    assert one.model.heads == other.model.heads
    for (name, ours), theirs in zip(arrays_of(one.model).items(), arrays_of(other.model).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    for ours, theirs in zip(one.out_of_fold, other.out_of_fold, strict=True):
        np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)


@pytest.mark.parametrize("jobs", [1, 2])
def test_two_fits_by_the_same_recipe_give_equal_arrays_on_any_number_of_threads(fit_rows, jobs):
    assert_same(fit_rows(), fit_rows(jobs=jobs))


def test_a_fit_in_files_gives_the_arrays_of_a_fit_in_memory(fit_rows, tmp_path):
    assert_same(fit_rows(max_features=200), fit_rows(max_features=200, spool=tmp_path))
    assert {"text.u4", "columns.i4", "values.f4", "margins-0.f4"} <= {file.name for file in tmp_path.iterdir()}


def test_another_seed_gives_other_folds(fit_rows):
    assert fit_rows(seed=1).out_of_fold[0].probabilities.tolist() != fit_rows().out_of_fold[0].probabilities.tolist()


def test_two_fits_make_files_of_equal_content(fit_rows, tmp_path):
    for name in ("one", "other"):
        write_bundle(fit_rows().model, tmp_path / name, {})
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "other" / file.name).read_bytes()


def test_no_more_features_are_kept_than_the_recipe_says_and_the_model_still_answers(fit_rows, tiny_complaints):
    # three times as many where there are three classes
    full, few = fit_rows(), fit_rows(max_features=200)
    assert len(full.model.records.idf) > 2_000
    assert len(few.model.records.idf) == len(few.model.vocabulary.spelling.strings()) == 600
    assert set(few.model.vocabulary.spelling.strings()) < set(full.model.vocabulary.spelling.strings())
    model = TriageModel(few.model, ModelVersion("m", "1"), {})
    from_text = model.score_many(complaints(tiny_complaints))
    best = np.array(few.model.heads[0].classes)[from_text.leading[:, 0, 0]]
    assert (best == [domain for _, domain, _ in tiny_complaints]).mean() > 0.9


def test_the_fewer_the_classes_the_more_features_are_kept():
    recipe = Recipe(max_features=1_000)
    kept = [recipe.features_for(classes) for classes in (300, 120, 60, 2)]
    assert kept == [1_000, 1_000, 2_000, 3_000]


def complaints(rows):
    return [Complaint(text) for text, *_ in rows]


def test_rows_without_a_label_teach_the_features_but_no_class(fit_rows, tiny_complaints):
    labels = np.array([domain if row % 2 else "" for row, (_, domain, _) in enumerate(tiny_complaints)], object)
    half = fit_rows(labels)
    assert half.model.heads[0].classes == ("FDS", "PRC", "PRE")
    assert half.out_of_fold[0].probabilities.shape == (30, 3)
    assert half.model.vocabulary.spelling.strings() == fit_rows().model.vocabulary.spelling.strings()


def test_the_policy_is_the_one_of_the_out_of_fold_rows(fit_rows):
    fitted = fit_rows(auto="maximum coverage @ precision >= 0.8", suggest="confidence >= 0.1")
    (head,), (told,) = fitted.model.heads, fitted.out_of_fold
    chosen = choose_policy(head.policy.auto, head.policy.suggest, told.probabilities, told.lesson.codes, 3)
    assert head.policy == replace(chosen, sets=head.policy.sets)
    assert (head.policy.auto.at_least, head.policy.suggest.at_least) == (0.8, 0.1)


def test_out_of_fold_rows_are_scored_by_models_that_have_not_seen_a_copy_of_them(fit_rows):
    """Labels by lot, that only the copy of a row could tell."""
    codes = np.tile(np.random.default_rng(0).permutation(60) % 2, 2)
    labels = np.array([f"class {code}" for code in codes], object)

    def accuracy(groups):
        return (fit_rows(labels, groups).out_of_fold[0].probabilities.argmax(axis=1) == codes).mean()

    assert accuracy(np.tile(np.arange(60), 2)) < 0.6
    assert accuracy(np.arange(120)) > 0.7


def test_progress_is_told_up_to_the_end_of_each_step(fit_rows):
    told = []
    fit_rows(progress=lambda *step: told.append(step))
    assert {"features", "out of fold", "final fit"} <= {step for step, *_ in told}
    for name in {step for step, *_ in told}:
        done = [(done, of) for step, done, of in told if step == name]
        assert done[0][0] == 0
        assert done[-1][0] == done[-1][1]
        assert done == sorted(done)


def test_the_bounds_of_the_scope_turn_away_few_of_the_complaints_learnt_from(fit_rows, tiny_complaints):
    model = TriageModel(fit_rows().model, ModelVersion("m", "1"), {})
    silent = [answer.domain.code is None for answer in model.triage_many(complaints(tiny_complaints))]
    assert np.mean(silent) <= 0.05
    assert 2 <= model.scope.characters <= 6
    assert 0 < model.scope.known_share < 1


def test_a_text_is_more_like_a_complaint_the_surer_the_scope_is_and_the_better_its_odds_are(fit_rows):
    weights, extent = fit_rows().model.scope.weights, np.log1p(30)
    margin, _, known, odds, _ = [
        first + more * extent for first, more in zip(weights[:OF_TEXT:2], weights[1:OF_TEXT:2], strict=True)
    ]
    assert margin > 0
    assert known > 0
    assert odds > 0


def test_what_complaints_have_oftener_than_other_texts_has_the_better_odds(fit_rows):
    model = fit_rows().model
    names, odds = model.vocabulary.spelling.strings(), model.records.weights[:, -1]
    said = {name: odds[i] for i, name in enumerate(names) if odds[i] != NO_ODDS}
    assert {len(name) for name in said} == {2}
    assert said["退款"] > 0 > min(said.values())


def test_the_odds_of_a_row_are_by_rows_of_other_folds():
    """A 2-gram that only one complaint has speaks for nothing in that complaint."""
    matrix = Rows.of(sparse.csr_matrix(np.array([[1, 0], [1, 1], [0, 0], [0, 0]], np.float32)))
    lesson = ScopeLesson(np.arange(4), np.array([1, 1, 0, 0], np.int32), np.arange(4), 2)
    pairs = [(np.array([1, 3]), np.array([0, 2])), (np.array([0, 2]), np.array([1, 3]))]
    odds = learn_odds(matrix, lesson, np.array([True, True]), pairs)
    assert odds.steps.tolist() == [round(np.log(1.25 / 0.25) * ODDS), round(np.log(0.75 / 0.25) * ODDS)]
    alone = np.log(1.5 / 0.5)
    assert odds.means == pytest.approx([alone, alone / 2, 0, 0], abs=0.5 / ODDS)


def test_a_fit_without_background_still_answers_complaints(fit_rows, tiny_complaints):
    model = TriageModel(fit_rows(background=[]).model, ModelVersion("m", "1"), {})
    assert model.scope.weights == margin_alone(1)
    spoken = [answer.domain.code is not None for answer in model.triage_many(complaints(tiny_complaints))]
    assert np.mean(spoken) > 0.9


def test_quantised_weights_are_within_half_a_step_of_the_fitted_ones(fit_rows):
    records = fit_rows().model.records
    weights, bias = records.head(0)
    assert weights.shape == (len(records.idf), 3)
    assert bias.dtype == np.float32
    begin, end = records.places[0]
    largest = abs(records.weights[:, begin:end]).max(axis=1)
    assert set(largest.tolist()) <= {0, 127}
    np.testing.assert_allclose(abs(weights).max(axis=1), records.numbers[:, SCALES] * largest, rtol=1e-6)


def test_the_background_is_texts_that_fill_no_other_field():
    texts = background_texts()
    assert len(texts) == len(set(texts)) >= 250
    assert all(text.strip() for text in texts)
    documents = read_background()
    assert len(documents) == len(texts)
    assert all(document[0] == document[2] == document[3] == "" for document in documents)


def test_a_recipe_with_a_policy_that_is_no_sentence_is_refused(fit_rows):
    with pytest.raises(ValueError, match="is not a policy"):
        fit_rows(auto="always")


@pytest.mark.parametrize(
    "suite", ["must_abstain.csv", "must_abstain_2.csv", "must_abstain_3.csv", "must_abstain_4.csv"]
)
def test_no_text_of_a_must_abstain_suite_is_among_the_background(suite):
    with (Path(__file__).parents[1] / "data" / suite).open(encoding="utf-8", newline="") as file:
        texts = {row["text"].strip() for row in csv.DictReader(file)}
    assert len(texts) >= 299
    # a word or a line that everybody knows may well stand in both
    assert all(len(text) <= 4 for text in texts & {text.strip() for text in background_texts()})
