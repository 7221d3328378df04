"""Words that tell a class, on a handful of texts."""

import numpy as np

from features.privacy import MASK_TOKENS
from training.card.words import class_words

TEXTS = ["过期 牛奶 退款", "过期 面包 退款", "过期 饼干", "充值 退款", "充值 关门", "充值 余额 退款"]
LABELS = np.array(["食品"] * 3 + ["预付"] * 3, object)


def ranked(texts=TEXTS, labels=LABELS, **settings):
    return class_words(texts, np.array(labels, object), str.split, **settings)


def test_a_word_that_only_one_class_uses_comes_first():
    prepaid, food = ranked(least_rows=2)
    assert (food.label, food.rows, food.words[0].word) == ("食品", 3, "过期")
    assert (prepaid.label, prepaid.words[0].word) == ("预付", "充值")


def test_a_word_that_both_classes_use_alike_tells_nothing():
    assert "退款" not in [each.word for found in ranked(least_rows=2) for each in found.words]


def test_a_word_of_few_texts_is_not_shown():
    shown = {each.word for found in ranked(least_rows=2) for each in found.words}
    assert not shown & {"牛奶", "面包", "饼干", "关门", "余额"}


def test_masked_personal_data_is_no_word():
    masked = [f"{text} {MASK_TOKENS['mobile']}" for text in TEXTS[:3]] + TEXTS[3:]
    assert MASK_TOKENS["mobile"] not in [each.word for each in ranked(masked, least_rows=2)[0].words]


def test_rows_without_text_or_label_do_not_count():
    found = ranked([*TEXTS, "", "过期"], [*LABELS, "食品", ""], least_rows=2)
    assert [each.rows for each in found] == [3, 3]


def test_without_words_there_is_nothing_to_rank():
    assert ranked(["", ""], ["食品", "预付"]) == ()
