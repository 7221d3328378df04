"""Challenger against champion, on tables as runs keep them."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from features.normalise import Normaliser
from models.decision import NotAPolicy
from models.versions import VersionInfo
from training.gate.examine import examine
from training.measuring.bootstrap import PairedBootstrap
from training.measuring.evaluate import read_documents
from training.promotion.comparison import Comparison, Verdict
from training.promotion.contest import PromotionRefused, _pairs, _verdict
from training.promotion.heldout import HeldOut, champions_answers, row_digests
from training.promotion.protection import Protection, ProtectionUnreadable, RecallLoss, read_protected
from training.recipe import Recipe
from training.tables.dataset import read_labelled

POLICY = RecallLoss("recall loss <= 0.02 @ 95% confidence")
CHAMPION = VersionInfo("complaint-triage", 1, ("champion",), datetime(2026, 1, 1, tzinfo=UTC), "run", {})
FOOD = Protection("domain", "FDS", POLICY, "food")


def table(predicted, label="FDS", first=0):
    """Answers to rows that are numbered from `first`."""
    count = len(predicted)
    return pd.DataFrame(
        {
            "digest": [f"{first + number:024x}" for number in range(count)],
            "group": np.arange(first, first + count),
            "target": "domain",
            "label": label,
            "predicted": predicted,
            "confidence": np.float32(0.9),
        }
    )


def kept(answers, *, key="k", learnt=(), champion=None, champions=None):
    none = pd.DataFrame(columns=["digest", "target", "predicted"])
    return HeldOut(key, frozenset(learnt), answers, champion, none if champions is None else champions)


def verdict(before, after):
    """The verdict on FDS where a champion answered `before` and a challenger `after`."""
    pairs, _ = _pairs(kept(table(after)), kept(table(before)), CHAMPION)
    return _verdict(FOOD, PairedBootstrap(pairs["domain"][0]), gone=False)


def test_rows_that_both_held_out_are_compared_and_others_are_not():
    ours, theirs = kept(table(["FDS"] * 30)), kept(table(["PRC"] * 30, first=20))
    pairs, why_not = _pairs(ours, theirs, CHAMPION)
    answers, twins = pairs["domain"]
    assert (len(answers), twins, why_not) == (10, 10, "")


def test_rows_that_the_champion_had_not_learnt_are_answered_by_itself():
    own = table(["PRC"] * 10, first=20)[["digest", "target", "predicted"]]
    ours = kept(table(["FDS"] * 30), champion=1, champions=own)
    answers, twins = _pairs(ours, kept(table(["FDS"] * 5)), CHAMPION)[0]["domain"]
    assert (len(answers), twins) == (15, 5)
    assert (answers.champion == "PRC").sum() == 10
    # asked of another champion than the present one, these answers say nothing
    assert (
        len(
            _pairs(kept(table(["FDS"] * 30), champion=7, champions=own), kept(table(["FDS"] * 5)), CHAMPION)[0][
                "domain"
            ][0]
        )
        == 5
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (None, kept(table(["FDS"])), "challenger has kept no held-out rows"),
        (kept(table(["FDS"])), None, "champion has kept no held-out rows"),
        (kept(table(["FDS"])), kept(table(["FDS"]), key="other"), "under another digest.key"),
        (kept(table(["FDS"])), kept(table(["FDS"], first=9)), "train the challenger again"),
    ],
)
def test_what_cannot_be_compared_says_why(ours, theirs, said):
    pairs, why_not = _pairs(ours, theirs, CHAMPION)
    assert not pairs
    assert said in why_not


@pytest.mark.parametrize(
    ("right", "right_now", "rows", "said"),
    [
        (190, 150, 200, Verdict.LOST),
        (190, 195, 400, Verdict.KEPT),
        (20, 19, 20, Verdict.UNKNOWN),
        (5, 0, 5, Verdict.UNKNOWN),
        (20, 5, 20, Verdict.LOST),
        (20, 20, 20, Verdict.UNKNOWN),
        (200, 200, 200, Verdict.KEPT),
    ],
)
def test_a_loss_counts_where_the_interval_says_so(right, right_now, rows, said):
    before, after = (["FDS"] * n + ["PRC"] * (rows - n) for n in (right, right_now))
    assert verdict(before, after).verdict is said


def test_a_class_that_is_no_longer_answered_is_lost():
    assert _verdict(FOOD, None, gone=True).verdict is Verdict.GONE
    assert _verdict(FOOD, None, gone=False).verdict is Verdict.UNKNOWN


def test_a_refusal_names_class_figures_and_the_way_out():
    comparison = Comparison(1, 2, (), (verdict(["FDS"] * 100, ["FDS"] * 60 + ["PRC"] * 40),), "")
    said = str(PromotionRefused(comparison))
    assert "domain FDS -0.400 [" in said
    assert "paidan models promote 2 --override --reason" in said
    assert "✗ 下降超过容许 lost  (recall loss <= 0.02 @ 95% confidence)" in comparison.to_text()
    assert comparison.sentence(overridden=True) == "overridden; against 1: not compared; domain FDS lost"


def test_the_shipped_table_protects_safety():
    found = read_protected()
    assert {"FDS", "SEQ", "DMC"} <= {each.label for each in found}
    assert {each.policy.tolerance for each in found} == {0.02}
    assert found[0].policy.confidence == 0.95


def test_a_table_that_makes_no_sense_is_refused_where_it_does(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(
        "target,class,policy,reason\noffice,O07,recall loss <= 0.02 @ 95% confidence,\noffice,O02,no loss,\n"
    )
    with pytest.raises(ProtectionUnreadable, match=r"row 3.*recall loss <= 0.02"):
        read_protected(path)
    with pytest.raises(ProtectionUnreadable, match="FileNotFoundError"):
        read_protected(tmp_path / "none.csv")
    with pytest.raises(NotAPolicy):
        RecallLoss("recall loss < a little")


@pytest.fixture(scope="module")
def tiny(tiny_complaints, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "tiny.csv"
    pd.DataFrame(tiny_complaints, columns=["text", "domain", "office"]).to_csv(path, index=False)
    data, normalise = read_labelled([path]), Normaliser()
    return data, examine(data, Recipe(), normalise.text_of), read_documents(data)


def test_a_digest_knows_a_complaint_again_and_gives_nothing_away(tiny):
    data, _, documents = tiny
    digests = row_digests(documents, b"k" * 32)
    assert digests.tolist() == row_digests(documents, b"k" * 32).tolist()
    assert not set(digests) & set(row_digests(documents, b"other" * 6))
    assert len(set(digests)) == len(data)
    normalise = Normaliser().text_of
    said, stored = (row_digests([(normalise(text),)], b"k" * 32)[0] for text in ("回电13800000000", "回电***********"))
    assert said == stored


def test_a_champion_is_not_asked_about_what_it_has_learnt(tiny, tiny_model):
    data, examined, documents = tiny
    digests = row_digests(documents, b"k" * 32)
    test = examined.split.test
    everything = champions_answers(tiny_model, frozenset(), data, examined, digests)
    assert set(everything["digest"]) == set(digests[test])
    some = champions_answers(tiny_model, frozenset(digests[test[:4]]), data, examined, digests)
    assert set(some["digest"]) == set(digests[test[4:]])
    assert champions_answers(tiny_model, frozenset(digests), data, examined, digests).empty
