"""The compiled scorer against the same model out of scikit-learn's and jieba's own parts."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.complaint import Complaint
from features.segment import Lexicon
from models.fitted import FIELDS
from models.likeness import ODDS, signs
from models.reference import reference_pipelines
from models.scores import LEADING


def probabilities(model, complaint):
    """What the compiled scorer says, per head."""
    scores = model.scores(model.read(complaint))
    ends = np.cumsum([len(head.classes) for head in model.heads])
    return dict(zip(model.targets, np.split(scores.probabilities, ends[:-1]), strict=True))


def drawn_complaint(data, awkward):
    return Complaint(**{name: data.draw(awkward.TEXTS | st.just(""), label=name) for name in FIELDS})


@given(data=st.data())
@settings(max_examples=250, deadline=None)
def test_any_complaint_gets_the_references_probabilities(data, awkward, tiny_model, tiny_reference):
    complaint = drawn_complaint(data, awkward)
    for target, found in probabilities(tiny_model, complaint).items():
        np.testing.assert_allclose(found, tiny_reference[target].predict_proba([complaint])[0], atol=1e-5)


def test_complaints_like_those_learnt_get_the_references_probabilities_and_answers(
    tiny_model, tiny_reference, tiny_complaints, awkward
):
    texts = [text for text, *_ in tiny_complaints]
    for change in (str, awkward.traditional, awkward.garbled, lambda text: text[::2], lambda text: text * 40):
        complaints = [Complaint(change(text), title=text[:8], address=text[-8:]) for text in texts]
        expected = {target: pipeline.predict_proba(complaints) for target, pipeline in tiny_reference.items()}
        labels = {target: pipeline.predict(complaints) for target, pipeline in tiny_reference.items()}
        for row, complaint in enumerate(complaints):
            for target, found in probabilities(tiny_model, complaint).items():
                np.testing.assert_allclose(found, expected[target][row], atol=1e-5)
            answer = tiny_model.triage(complaint)
            for target, head in (("domain", answer.domain), ("office", answer.office)):
                assert head.code in (None, labels[target][row])


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_the_scopes_margin_is_that_of_its_own_column_and_the_heads_are_their_largest(
    data, awkward, tiny_model, tiny_fitted, tiny_reference
):
    complaint = drawn_complaint(data, awkward)
    row = tiny_reference["domain"][:-1].transform([complaint])
    weights, bias = tiny_fitted.records.scope()
    expected = (row @ weights + bias)[0, 0]
    largest = [tiny_reference[target][-1].margins(row)[0].max() for target in tiny_model.targets]
    scores = tiny_model.scores(tiny_model.read(complaint))
    assert scores.margins.tolist() == pytest.approx([expected, *largest], abs=1e-4)


def test_the_likeness_is_the_weighted_sum_of_the_signs(tiny_model, tiny_complaints):
    told = tiny_model.score_many(Complaint(text) for text, *_ in tiny_complaints)
    expected = signs(told.margins, told.facts, told.odds) @ tiny_model.scope.weights
    np.testing.assert_allclose(told.scope, expected, atol=1e-9)
    assert told.scope.std() > 0


def test_the_odds_are_the_mean_of_those_of_the_2_grams_of_characters_that_are_known(
    tiny_model, tiny_fitted, tiny_reference
):
    text = "健身房办了年卡就关门了，退款退款，電話打不通"
    row = tiny_reference["domain"][:-1].transform([Complaint(text)])
    names = np.array(tiny_fitted.vocabulary.spelling.strings())[row.indices]
    pairs = row.indices[(tiny_fitted.vocabulary.blocks[row.indices] == 3) & (np.char.str_len(names) == 2)]
    odds = tiny_fitted.records.weights[pairs, -1].astype(float) / ODDS
    assert len(odds) > 5
    assert tiny_model.scores(tiny_model.read(Complaint(text))).odds == pytest.approx(odds.mean())


def test_a_text_of_nothing_known_has_no_odds(tiny_model):
    assert tiny_model.scores(tiny_model.read(Complaint("龘靐"))).odds == 0


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_facts_are_counts_of_title_and_text_of_the_2_grams_of_either_and_of_clauses(
    data, awkward, tiny_model, tiny_fitted
):
    reading = tiny_model.read(drawn_complaint(data, awkward))
    blocks, spelled = tiny_fitted.vocabulary.blocks, tiny_fitted.vocabulary.spelling.strings()
    known = {(block, name) for block, name in zip(blocks.tolist(), spelled, strict=True)}
    texts = [field.text for field in reading.fields[:2]]
    han = sum("\u4e00" <= c <= "\u9fff" or "\u3400" <= c <= "\u4dbf" for text in texts for c in text)
    title, text = ([(2 * field + 1, each[i : i + 2]) for i in range(len(each) - 1)] for field, each in enumerate(texts))
    pairs = text or title
    facts = tiny_model.scores(reading).facts.tolist()
    clauses = sum(bool(clause.strip()) for text in texts for clause in re.split("[,。!?;:]", text))
    assert facts == [han, len(pairs), sum(pair in known for pair in pairs), clauses]


@pytest.mark.parametrize(
    ("title", "text", "clauses"),
    [
        ("", "退款", 1),
        ("退卡", "健身房关门，卡不退", 3),
        ("", "健身房关门，，卡不退。。。", 2),
        ("", "！！！健身房关门 ， 卡不退？", 2),
        ("", "！？。", 0),
        ("", "", 0),
    ],
)
def test_a_clause_is_what_stands_between_marks(title, text, clauses, tiny_model):
    assert tiny_model.scores(tiny_model.read(Complaint(text, title=title))).facts[3] == clauses


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_the_leading_classes_are_the_most_probable_best_first(data, awkward, tiny_model):
    scores = tiny_model.scores(tiny_model.read(drawn_complaint(data, awkward)))
    begin = 0
    for head, leading in zip(tiny_model.heads, scores.leading.tolist(), strict=True):
        mine = scores.probabilities[begin : begin + len(head.classes)]
        begin += len(head.classes)
        named = [code for code in leading if code >= 0]
        assert len(named) == min(LEADING, len(head.classes)) == len(set(named))
        assert mine[named].tolist() == sorted(mine.tolist(), reverse=True)[: len(named)]
        assert mine.sum() == pytest.approx(1, abs=1e-5)


def test_many_are_scored_as_one_by_one_on_any_number_of_threads(tiny_model, tiny_complaints):
    texts = [text for text, *_ in tiny_complaints]
    complaints = [Complaint(text, merchant=text[:3]) for text in texts * 10] + [Complaint(""), Complaint("嗨")]
    many = tiny_model.score_many(complaints)
    for row, complaint in enumerate(complaints):
        one = tiny_model.scores(tiny_model.read(complaint))
        np.testing.assert_array_equal(many.probabilities[row], one.probabilities)
        np.testing.assert_array_equal(many.leading[row], one.leading)
        np.testing.assert_array_equal(many.facts[row], one.facts)
        assert many.scope[row] == one.scope


def test_none_are_scored_as_none(tiny_model):
    assert tiny_model.score_many([]).probabilities.shape == (0, 6)
    assert tiny_model.triage_many([]) == []


def test_the_reference_can_be_kept_as_a_pickle_for_notebooks(tiny_reference, tiny_complaints):
    complaints = [Complaint(text) for text, *_ in tiny_complaints[:5]]
    for pipeline in tiny_reference.values():
        copied = pickle.loads(pickle.dumps(pipeline))
        np.testing.assert_array_equal(copied.predict_proba(complaints), pipeline.predict_proba(complaints))


def test_the_reference_can_be_printed_in_a_notebook(tiny_reference):
    for pipeline in tiny_reference.values():
        assert len(repr(pipeline)) < 10_000


def test_another_lexicon_than_the_models_makes_no_reference(tiny_fitted, lexicon):
    other = Lexicon(lexicon.frequencies, lexicon.total, "another")
    with pytest.raises(ValueError, match="not the one that the model was trained with"):
        reference_pipelines(tiny_fitted, other)
