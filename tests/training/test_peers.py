"""What a model is held against on the same rows."""

import importlib.util

import numpy as np
import pytest

from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.comparison import compare
from training.measuring.figures import Outcome
from training.measuring.peers import CHEAP, PeerName, PeerUnknown, ask, parse_peers, suited

needs_fasttext = pytest.mark.skipif(importlib.util.find_spec("fasttext") is None, reason="an extra")


@pytest.fixture(scope="module")
def told(tiny_complaints):
    texts, domains, _ = zip(*tiny_complaints, strict=True)
    return [("", text, "", "") for text in texts], np.array(domains)


@pytest.mark.parametrize("name", [*CHEAP, PeerName.NAIVE, pytest.param(PeerName.FASTTEXT, marks=needs_fasttext)])
def test_a_peer_answers_every_row_and_those_it_has_learnt_better_than_the_majority(name, told, lexicon):
    documents, labels = told
    found = ask((name,), documents, labels, documents, lexicon)
    assert found[name].shape == labels.shape
    assert set(found[name]) <= set(labels)
    right = (found[name] == labels).mean()
    majority = np.unique(labels, return_counts=True)[1].max() / len(labels)
    assert right == majority if name is PeerName.MAJORITY else right > majority


@needs_fasttext
def test_fasttext_learns_as_well_from_rows_that_are_sorted_by_label(lexicon):
    random = np.random.default_rng(0)
    labels = np.repeat(["甲", "乙", "丙"], 600)
    learnt, asked = (
        [
            ("", " ".join([*random.choice(200, 8).astype(str), f"{label}{random.integers(40)}"]), "", "")
            for label in labels
        ]
        for _ in range(2)
    )
    found = ask((PeerName.FASTTEXT,), learnt, labels, asked, lexicon)
    assert (found[PeerName.FASTTEXT] == labels).mean() > 0.9


def test_a_peer_says_the_same_each_time(told, lexicon):
    documents, labels = told
    names = (PeerName.KEYWORDS, PeerName.NAIVE)
    first, second = (ask(names, documents[::2], labels[::2], documents[1::2], lexicon) for _ in range(2))
    for name in names:
        assert first[name].tolist() == second[name].tolist()


def test_of_no_rows_nobody_is_asked(told, lexicon):
    documents, labels = told
    assert ask(CHEAP, documents, labels, [], lexicon) == {}


def test_terms_are_for_labels_that_have_a_list():
    assert suited(CHEAP, np.array(["FDS", "OOS"], object)) == CHEAP
    assert suited(CHEAP, np.array(["一科", "二科"], object)) == (PeerName.MAJORITY, PeerName.KEYWORDS)


def test_names_are_read_as_typed_and_unknown_ones_are_told_the_known():
    assert parse_peers("naive, majority,naive") == (PeerName.NAIVE, PeerName.MAJORITY)
    with pytest.raises(PeerUnknown, match=r"'bert'.*majority, keywords, terms, naive, fasttext"):
        parse_peers("majority,bert")


def test_a_comparison_has_both_figures_and_the_paired_interval_of_their_difference():
    random = np.random.default_rng(0)
    truth = random.choice(["甲", "乙", "丙"], 400)
    mine, others = (np.where(random.random(400) < share, truth, "甲") for share in (0.9, 0.6))
    said = Outcome(truth, mine, np.full(400, 0.9), np.stack([mine] * 3, axis=1), 0.95, np.arange(400) // 2)
    found = compare("domain", said, {PeerName.NAIVE: others})
    assert found["naive_accuracy"] == pytest.approx((others == truth).mean())
    assert found["naive_accuracy_low"] < found["naive_accuracy"] < found["naive_accuracy_high"]
    paired = PairedBootstrap(Answers("domain", truth, others, mine, said.groups)).macro_f1()
    assert found["over_naive_macro_f1"] == pytest.approx(paired.change)
    assert found["over_naive_accuracy"] == pytest.approx((mine == truth).mean() - (others == truth).mean())
    for figure in ("accuracy", "macro_f1"):
        assert (
            0 < found[f"over_naive_{figure}_low"] < found[f"over_naive_{figure}"] < found[f"over_naive_{figure}_high"]
        )


def test_a_model_has_nothing_over_a_peer_that_says_the_same():
    truth = np.array(["甲", "乙"] * 50)
    said = Outcome(truth, truth, np.full(100, 0.9), np.stack([truth] * 3, axis=1), 0.95)
    found = compare("domain", said, {PeerName.MAJORITY: truth})
    assert found["over_majority_accuracy"] == 0
    assert found["over_majority_accuracy_low"] < 0 < found["over_majority_accuracy_high"]
