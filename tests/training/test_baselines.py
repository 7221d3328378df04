"""The baselines that a model must beat."""

import csv
from pathlib import Path

import numpy as np
import pytest

import models.taxonomy
from training.measuring.baselines import Keywords, Majority, Terms, term_lists

DOMAINS = Path(models.taxonomy.__file__).parent / "data" / "domains.csv"


@pytest.fixture
def taxonomy_codes():
    with DOMAINS.open(encoding="utf-8", newline="") as file:
        return {row["code"] for row in csv.DictReader(file)}


@pytest.fixture
def told(tiny_complaints):
    texts, domains, _ = zip(*tiny_complaints, strict=True)
    return list(texts), np.array(domains)


def test_the_majority_is_the_most_frequent_class_whatever_the_text():
    assert Majority.learn(np.array(["乙", "甲", "乙"])).answer(["一", "二"]).tolist() == ["乙", "乙"]


def test_keywords_know_the_rows_that_they_were_learnt_from(told):
    texts, labels = told
    assert (Keywords.learn(texts, labels).answer(texts) == labels).mean() > 0.8


def test_keywords_of_a_class_are_more_frequent_in_it_than_elsewhere(told):
    texts, labels = told
    learnt = Keywords.learn(texts, labels)
    words = learnt.counter.get_feature_names_out()
    for place, label in enumerate(learnt.classes):
        mine = [text for text, other in zip(texts, labels, strict=True) if other == label]
        others = [text for text, other in zip(texts, labels, strict=True) if other != label]
        listed = words[learnt.lists[:, place]]
        assert len(listed)
        for word in listed:
            share = (sum(word in text for text in mine) + 1) / (len(mine) + 2)
            assert share > (sum(word in text for text in others) + 1) / (len(others) + 2)


def test_a_text_without_keywords_is_of_the_most_frequent_class():
    texts, labels = ["过期食品"] * 3 + ["年卡退款"] * 4, np.array(["食品"] * 3 + ["预付"] * 4)
    learnt = Keywords.learn(texts, labels)
    assert learnt.answer(["齉", "过期食品", "年卡"]).tolist() == ["预付", "食品", "预付"]


@pytest.mark.parametrize("n", [1, 2])
def test_a_handful_of_texts_is_enough(n):
    texts, labels = [f"过期{i}" for i in range(n)] + ["退卡"], np.array(["食品"] * n + ["预付"])
    assert Keywords.learn(texts, labels).answer(["过期", "退卡"]).tolist() == ["食品", "预付"]


def test_written_terms_count_for_the_domains_that_have_them_on_their_list():
    learnt = Terms.learn(np.array(["PRE", "FDS", "PRE", "本地类"]))
    assert learnt.answer(["牛奶是过期食品，保质期被改", "健身房跑路，预付卡不退"]).tolist() == ["FDS", "PRE"]
    assert learnt.answer(["齉", "\ud800"]).tolist() == ["PRE", "PRE"]


def test_a_domain_that_nobody_uses_is_never_answered():
    assert set(Terms.learn(np.array(["PRE", "FDS"])).answer(["虚假广告", "电梯困人", "过期食品"])) <= {"PRE", "FDS"}


def test_each_domain_of_the_taxonomy_has_terms_but_the_one_for_all_else(taxonomy_codes):
    assert set(term_lists()) == taxonomy_codes - {"GEN"}
