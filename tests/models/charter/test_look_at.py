"""Facts that only a person may judge are shown as what the text says."""

import pytest

from models.charter.look_at import facts_to_look_at


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("货款已由法院判决，执行中", "法院判决"),
        ("消协调解过一次没谈拢", "消协调解过"),
        ("我们店进货一百箱，都是坏的", "我们店进货"),
        ("买来转卖的，质量不行", "转卖"),
        ("五年前买的冰箱坏了", "五年前"),
        ("店名不记得了，反正在老街", "店名不记得"),
        ("我有证据，具体不方便透露，查到了我再给", "具体不方便透露"),
    ],
)
def test_a_ground_for_refusal_is_quoted_and_left_to_a_person(text, quote):
    [sentence] = facts_to_look_at(text)

    assert quote in sentence.zh
    assert quote in sentence.en
    assert sentence.zh.startswith("文中提到")
    assert sentence.zh.endswith("请人工判断")


@pytest.mark.parametrize(
    "text",
    ["没有转卖，是自己吃", "买的鞋开胶，要求退款", "三天前买的", "去年买的", "这家店转让了", "卖家说不管", ""],
)
def test_an_ordinary_complaint_has_nothing_to_look_at(text):
    assert facts_to_look_at(text) == ()


def test_one_sign_of_a_professional_claim_is_common_and_not_shown():
    assert facts_to_look_at("买到过期面包，要求退一赔十") == ()


def test_several_signs_together_are_shown_without_a_name_for_the_person():
    [sentence] = facts_to_look_at("购买酱油30瓶，无中文标签，依据食品安全法第一百四十八条要求退一赔十")

    for quote in ("购买酱油30瓶", "第一百四十八条", "退一赔十"):
        assert quote in sentence.zh
    assert "职业打假人" not in sentence.zh


def test_several_facts_come_in_the_order_of_the_procedure():
    first, second = facts_to_look_at("五年前的事，法院已经受理")

    assert "法院" in first.zh
    assert "五年前" in second.zh
