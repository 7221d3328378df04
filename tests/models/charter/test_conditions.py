"""Conditions of a charter, told by their terms."""

import pytest

from models.charter.articles import Charter, Condition
from models.charter.conditions import ConditionFinder

MADE = Condition("made", "生产环节", ("生产车间", "厂里", "工厂"))
CANTEEN = Condition("canteen", "食堂", ("食堂", "工厂食堂"))
ONLINE = Condition("online", "网购", ("网店", "直播间"))


@pytest.fixture
def finder():
    return ConditionFinder(
        Charter("demo", "0" * 64, domains=(), offices=(), responsibilities=(), conditions=(MADE, CANTEEN, ONLINE))
    )


def test_the_condition_whose_term_occurs_is_met(finder):
    assert finder.of("直播间买的酱油") == "online"


def test_of_several_the_first_in_the_charter_counts(finder):
    assert finder.of("学校食堂的菜，网店也卖，说是厂里直供") == "made"


def test_a_term_within_a_longer_one_still_counts(finder):
    assert finder.of("工厂食堂的菜") == "made"


@pytest.mark.parametrize("text", ["不是网店，是楼下超市", "没有食堂", "", "买的衣服起球"])
def test_a_term_that_is_denied_or_absent_does_not_count(finder, text):
    assert finder.of(text) is None


def test_a_denied_condition_leaves_room_for_the_next(finder):
    assert finder.of("不是食堂，是网店") == "online"


def test_a_charter_without_conditions_finds_none():
    assert ConditionFinder(Charter("demo", "0" * 64, domains=(), offices=(), responsibilities=())).of("食堂") is None
