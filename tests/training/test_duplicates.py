"""Near-duplicate texts."""

from itertools import combinations

import numpy as np
import pytest

from training.gate.duplicates import NEIGHBOURS, SHINGLE, equal_texts, joined_groups, near_duplicate_groups

BASE = "市民来电反映在某小区门口的理发店办理了会员充值卡，近日发现该店已经关门，要求退还卡内剩余金额"


def jaccard(one, two):
    sets = [{text[at : at + SHINGLE] for at in range(len(text) - SHINGLE + 1)} for text in (one, two)]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def random_text(shuffle, length):
    return "".join(map(chr, shuffle.integers(0x4E00, 0x9FFF, length)))


def test_equal_texts_are_one_group_and_others_are_not():
    assert near_duplicate_groups(["甲乙", "丙丁", "甲乙", BASE, BASE]).tolist() == [0, 1, 0, 2, 2]


def test_a_light_edit_stays_in_the_group_and_another_complaint_does_not():
    edited = BASE + "。"
    other = "市民咨询：外地驾驶证在本市换证需要携带哪些材料，办理地点在什么地方，周末是否上班"
    assert jaccard(BASE, edited) >= 0.8
    assert near_duplicate_groups([BASE, other, edited]).tolist() == [0, 1, 0]


def test_empty_texts_belong_to_no_group():
    assert near_duplicate_groups(["", "甲", ""]).tolist() == [-1, 0, -1]
    assert near_duplicate_groups([]).tolist() == []
    assert near_duplicate_groups([""]).tolist() == [-1]


def test_short_texts_are_with_their_equals_only():
    assert near_duplicate_groups(["噪音扰民请处", "噪音扰民请处理", "噪音扰民请处"]).tolist() == [0, 1, 0]


def test_groups_are_those_of_all_pairs_compared():
    shuffle = np.random.default_rng(5)
    texts = []
    for _ in range(40):
        text = random_text(shuffle, int(shuffle.integers(20, 120)))
        texts.append(text)
        for _ in range(int(shuffle.integers(0, 4))):
            at = int(shuffle.integers(0, len(text)))
            text = text[:at] + random_text(shuffle, int(shuffle.integers(0, 4))) + text[at:]
            texts.append(text)
    group = list(range(len(texts)))
    for one, two in combinations(range(len(texts)), 2):
        if jaccard(texts[one], texts[two]) >= 0.8:
            group = [group[one] if each == group[two] else each for each in group]
    expected = [list(dict.fromkeys(group)).index(each) for each in group]
    assert near_duplicate_groups(texts).tolist() == expected
    assert near_duplicate_groups(texts, seed=99).tolist() == expected


def test_a_chain_of_edits_is_one_group():
    chain = [BASE + "请核实处理谢谢"[:end] for end in range(8)]
    assert jaccard(chain[0], chain[-1]) < 0.9
    assert set(near_duplicate_groups(chain, threshold=0.9)) == {0}


def test_a_template_filled_more_often_than_neighbours_are_compared_is_one_group():
    filled = [BASE * 2 + f"编号{number:04}" for number in range(NEIGHBOURS * 5)]
    assert set(near_duplicate_groups(filled)) == {0}


@pytest.mark.parametrize("threshold", [0.3, 0.8, 1.0])
def test_the_threshold_decides(threshold):
    edited = BASE[:20] + "，" + BASE[20:]
    alike = jaccard(BASE, edited) >= threshold
    assert (len(set(near_duplicate_groups([BASE, edited], threshold))) == 1) is alike


def test_a_column_joins_groups():
    groups = np.array([0, 0, 1, 2, -1, 3])
    assert joined_groups(groups, equal_texts(["a", "b", "b", "", "a", ""])).tolist() == [0, 0, 0, 1, -1, 2]
    assert joined_groups(np.array([], dtype=np.int64), equal_texts([])).tolist() == []


def test_text_with_half_a_surrogate_pair_is_compared():
    assert near_duplicate_groups([BASE + "\ud83d", BASE]).tolist() == [0, 0]
