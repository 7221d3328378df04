"""A loaded version answers: evidence, masks, scope, doubts."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.complaint import Complaint
from features.privacy import mask, personal_spans
from features.segment import JiebaSegmenter, is_word
from models.evidence import EVIDENCE_TOKENS
from models.fitted import FIELDS, Scope
from models.prediction import Decision, ModelVersion
from models.taxonomy import known_names
from models.triage import TriageModel, doubts_of, out_of_scope

FOOD = "菜场摊位卖的猪肉发臭发黏，颜色不对，怀疑是变质肉，就在东亭街道"
CARD = "健身房办了年卡，才去两次就关门了，卡里余额要求退，就在柳坞镇"


@pytest.fixture(scope="session")
def open_model(tiny_fitted):
    """The tiny model without bounds: it answers whatever it is told."""
    scope = Scope(margin=-math.inf, known_share=0.0, characters=0, weights=tiny_fitted.scope.weights)
    return TriageModel(replace(tiny_fitted, scope=scope), ModelVersion("complaint-triage", "1"), {})


def heads_of(answer):
    return {"domain": answer.domain, "office": answer.office}


def drawn_complaint(data, awkward, tiny_complaints):
    learnt = st.sampled_from([text for text, *_ in tiny_complaints])
    text = awkward.TEXTS | learnt | learnt.map(awkward.traditional) | learnt.map(awkward.garbled)
    mixed = st.tuples(awkward.TEXTS, learnt, awkward.TEXTS).map("".join)
    return Complaint(**{name: data.draw(text | mixed | st.just(""), label=name) for name in FIELDS})


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_evidence_bias_and_rest_sum_up_to_the_logit_gap(data, awkward, open_model, tiny_complaints):
    complaint = drawn_complaint(data, awkward, tiny_complaints)
    answer = open_model.triage(complaint)
    for target, head in heads_of(answer).items():
        contrast = head.contrast
        weights = [each.weight for each in answer.evidence if each.target == target]
        assert sum(weights) + contrast.bias + contrast.rest == pytest.approx(contrast.logit_gap, abs=1e-9)
        winner, runner_up = head.confidence, head.alternatives[0].confidence
        assert contrast.against == head.alternatives[0].code
        assert len(weights) <= EVIDENCE_TOKENS
        if runner_up > 1e-30:  # a probability is a float32
            assert contrast.logit_gap == pytest.approx(math.log(winner / runner_up), rel=1e-5, abs=1e-5)
        else:
            assert contrast.logit_gap > math.log(1e30) - 1


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_every_span_lies_in_its_field_and_quotes_the_masked_original(data, awkward, open_model, tiny_complaints):
    complaint = drawn_complaint(data, awkward, tiny_complaints)
    answer = open_model.triage(complaint)
    for each in answer.evidence:
        original = getattr(complaint, each.field)
        assert 0 <= each.start < each.end <= len(original)
        assert each.text == mask(original, personal_spans(original))[each.start : each.end]
    for target in ("domain", "office"):
        strengths = [abs(each.weight) for each in answer.evidence if each.target == target]
        assert strengths == sorted(strengths, reverse=True)


@pytest.fixture(scope="session")
def expected_weights(tiny_fitted, tiny_reference, lexicon):
    """The weight of every token for winner against runner-up, counted out by hand from the reference's rows."""
    segment = JiebaSegmenter(lexicon)
    vocabulary = tiny_fitted.vocabulary
    columns = {
        (block, name): column
        for column, (block, name) in enumerate(
            zip(vocabulary.blocks.tolist(), vocabulary.spelling.strings(), strict=True)
        )
    }

    def occurrences(field, text):
        """(column, start, end) of each n-gram, and the (start, end) of the tokens."""
        tokens, found, place = [], [], 0
        for token in segment(text):
            tokens.append((place, place + len(token)))
            place += len(token)
        words = [(a, b) for a, b in tokens if is_word(text[a:b])]
        found += [(columns.get((2 * field, text[a:b])), a, b) for a, b in words]
        found += [(columns.get((2 * field, f"{text[a:b]} {text[c:d]}")), a, d) for (a, b), (c, d) in pairwise(words)]
        for n in range(1, 5):
            found += [(columns.get((2 * field + 1, text[i : i + n])), i, i + n) for i in range(len(text) - n + 1)]
        return [each for each in found if each[0] is not None], tokens

    def expected_weights(complaint, number, winner, runner_up, texts):
        head = list(tiny_reference.values())[number]
        row = head[:-1].transform([complaint]).toarray()[0]
        margins = head[-1].margins(row[np.newaxis])[0].astype(float)
        weights = head[-1].weights_[:, winner].astype(float) - head[-1].weights_[:, runner_up]
        logits = head[-1].calibration_.logits(margins[np.newaxis])[0]
        distance = margins[winner] - margins[runner_up]
        slope = (logits[winner] - logits[runner_up]) / distance if distance > 0 else 0.0
        found = {}
        counts = {}
        fields = [occurrences(field, text) for field, text in enumerate(texts)]
        for grams, _ in fields:
            for column, *_ in grams:
                counts[column] = counts.get(column, 0) + 1
        for field, (grams, tokens) in enumerate(fields):
            characters = np.zeros(len(texts[field]))
            for column, a, b in grams:
                characters[a:b] += slope * row[column] * weights[column] / counts[column] / (b - a)
            for a, b in tokens:
                found[field, a, b] = characters[a:b].sum()
        return found

    return expected_weights


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_tokens_weight_is_its_share_of_every_n_gram_over_it(
    data, awkward, open_model, tiny_complaints, expected_weights
):
    complaint = drawn_complaint(data, awkward, tiny_complaints)
    reading = open_model.read(complaint)
    scores = open_model.scores(reading)
    texts = [field.text for field in reading.fields]
    for number in range(2):
        winner, runner_up = scores.leading[number, :2].tolist()
        gap, bias, _ = scores.contrast[number].tolist()
        assume(gap < 50)
        expected = expected_weights(complaint, number, winner, runner_up, texts)
        shown = set()
        for (field, start, end), weight in zip(
            scores.evidence[number].tolist(), scores.evidence_weights[number], strict=True
        ):
            if field >= 0:
                # neighbours that push the same way are shown as one
                tokens = {place for place in expected if place[0] == field and start <= place[1] and place[2] <= end}
                assert tokens
                assert not tokens & shown
                assert weight == pytest.approx(sum(expected[place] for place in tokens), abs=1e-4)
                assert len({expected[place] > 0 for place in tokens if abs(expected[place]) > 1e-6}) <= 1
                shown |= tokens
        # all tokens and the bias are the whole gap; the strongest of them are shown
        assert sum(expected.values()) + bias == pytest.approx(gap, abs=1e-3)
        said = {
            place: weight
            for place, weight in expected.items()
            if not (ord(texts[place[0]][place[1]]) < 48 or 0x2000 <= ord(texts[place[0]][place[1]]) <= 0x33FF)
        }
        hidden = [abs(weight) for place, weight in said.items() if place not in shown]
        assert len(shown) == min(EVIDENCE_TOKENS, len(said))
        assert not hidden or max(hidden) <= min(abs(expected[place]) for place in shown) + 1e-4


def quoted(answer, target="domain"):
    return [(each.field, each.text) for each in answer.evidence if each.target == target]


@pytest.mark.parametrize("text", [FOOD, CARD])
def test_evidence_in_traditional_script_points_at_the_original_characters(text, awkward, tiny_model):
    clean, copied = tiny_model.triage(Complaint(text)), tiny_model.triage(Complaint(awkward.traditional(text)))
    assert clean.domain.decision is not Decision.ABSTAIN
    assert copied.domain == clean.domain
    assert len(copied.evidence) == len(clean.evidence) > 4
    for ours, theirs in zip(clean.evidence, copied.evidence, strict=True):
        assert (theirs.start, theirs.end, theirs.weight) == (ours.start, ours.end, ours.weight)
        assert theirs.text == awkward.traditional(text)[ours.start : ours.end]


@pytest.mark.parametrize("text", [FOOD, CARD])
def test_evidence_in_text_with_pinyin_points_at_the_original_characters(text, awkward, tiny_model):
    garbled = awkward.garbled(text)
    assert len(garbled) > 1.3 * len(text)
    clean, copied = tiny_model.triage(Complaint(text)), tiny_model.triage(Complaint(garbled))
    assert copied.domain == clean.domain
    assert len(copied.evidence) == len(clean.evidence) > 4
    for ours, theirs in zip(clean.evidence, copied.evidence, strict=True):
        assert garbled[theirs.start : theirs.end] == theirs.text
        # the same characters, with the pinyin that stands between them
        whole = awkward.garbled(ours.text)
        assert whole.startswith(theirs.text)
        assert "".join(c for c in theirs.text if c in ours.text or "\u4e00" <= c <= "\u9fff") == ours.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("买的牛奶变质，联系电话13812345678，要求退钱", "***********"),
        ("在某宝买的牛奶变质，要求退钱", "某宝"),
        ("牛&#22902;变质，要求退钱", "牛&#22902;"),
        ("牛　奶变质ＡＢＣ，要求退钱", "ＡＢＣ"),
        ("牛奶㎏变质，要求退钱", "㎏"),
    ],
)
def test_what_was_rewritten_is_shown_as_it_stood(text, shown, open_model):
    reading = open_model.read(Complaint(text))
    at, masked = text.find(shown), reading.masked().text
    if at < 0:
        at = masked.find(shown)
    begins = [i for i, offset in enumerate(reading.fields[1].offsets[:-1]) if offset >= at]
    begin = begins[0]
    end = next(i for i, offset in enumerate(reading.fields[1].offsets) if offset >= at + len(shown))
    [(_, start, stop)] = reading.original_spans([(1, begin, end)])
    assert masked[start:stop] == shown


def test_personal_data_is_masked_in_the_answer_and_in_its_evidence(open_model, tiny_complaints):
    phone, card = "13812345678", "6222021234567890128"
    for text, *_ in tiny_complaints[::9]:
        complaint = Complaint(
            f"{text}，电话{phone}", title=f"{phone}投诉", address=card, merchant="甲店", ticket_id="T-1"
        )
        answer = open_model.triage(complaint)
        assert phone not in repr(answer)
        assert card not in repr(answer)
        assert len(answer.complaint.text) == len(complaint.text)
        assert answer.complaint.title == "***********投诉"
        assert (answer.complaint.merchant, answer.complaint.ticket_id) == ("甲店", "T-1")


def test_without_evidence_the_answer_is_the_same_but_for_the_evidence(tiny_model):
    told, short = tiny_model.triage(Complaint(FOOD)), tiny_model.triage(Complaint(FOOD), with_evidence=False)
    assert told.evidence
    assert short.evidence == ()
    assert short.domain.confidence == told.domain.confidence
    assert short.domain.alternatives == told.domain.alternatives


def test_evidence_names_the_place_for_the_office_and_the_goods_for_the_domain(tiny_model):
    answer = tiny_model.triage(Complaint(FOOD))
    assert (answer.domain.code, answer.office.code) == ("FDS", "T01")
    assert any("东亭" in text for _, text in quoted(answer, "office")[:3])
    assert answer.domain.name == known_names("domain")["FDS"]


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("", "too_short"),
        ("。。。！！！", "too_short"),
        ("hello, how are you today? I am fine, thank you very much", "too_short"),
        ("你好", "too_short"),
        ("齉龘靐齾爩鱻麤龗灪吁龖厵滟爨癵", "unfamiliar_text"),
    ],
)
def test_a_text_out_of_scope_gets_no_label_but_a_reason(text, doubt, tiny_model):
    answer = tiny_model.triage(Complaint(text))
    assert answer.doubts == (doubt,)
    assert answer.evidence == ()
    for head in heads_of(answer).values():
        assert (head.code, head.name, head.confidence, head.decision) == (None, None, 0.0, "abstain")
        assert (head.alternatives, head.contrast) == ((), None)


@pytest.mark.parametrize(
    ("facts", "margin", "reasons"),
    [
        ((4, 10, 5), 0.1, ()),
        ((3, 10, 10), 9.0, ("too_short",)),
        ((4, 10, 4), 9.0, ("unfamiliar_text",)),
        ((4, 10, 5), -0.3, ("not_a_complaint",)),
        ((4, 0, 0), 0.1, ()),
    ],
)
def test_the_first_bound_that_is_missed_is_the_reason(facts, margin, reasons):
    assert out_of_scope(Scope(margin=0.0, known_share=0.5, characters=4, weights=()), facts, margin) == reasons


def test_doubts_name_the_head():
    assert doubts_of("domain", Decision.AUTO, 0.9, 0.05) == ()
    assert doubts_of("domain", Decision.SUGGEST, 0.5, 0.41) == ("domain_low_margin",)
    assert doubts_of("office", Decision.ABSTAIN, 0.15, 0.14) == ("office_low_confidence", "office_low_margin")


def test_oddities_of_the_input_are_warned_of(tiny_model):
    assert tiny_model.triage(Complaint(f"{FOOD}（市民信息需要保密）")).warnings == ("secrecy_requested",)


def test_a_model_of_one_head_has_no_answer_for_the_other(fit_tiny):
    model = TriageModel(fit_tiny("office"), ModelVersion("complaint-triage", "2"), {})
    answer = model.triage(Complaint(FOOD))
    assert model.targets == ("office",)
    assert answer.domain is None
    assert answer.office.code == "T01"
    assert answer.model == ModelVersion("complaint-triage", "2")
    assert {each.target for each in answer.evidence} == {"office"}


def test_threads_share_a_model(tiny_model, tiny_complaints):
    complaints = [Complaint(text) for text, *_ in tiny_complaints] * 4
    expected = tiny_model.triage_many(complaints)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tiny_model.triage, complaints)) == expected


def test_a_model_warms_itself(tiny_model):
    tiny_model.warm()
