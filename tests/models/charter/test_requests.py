"""Kinds of request: by what is asked for, whatever word is used for it."""

import pytest

from models.charter.articles import Request
from models.charter.requests import TABLE, Requests, RequestTable, read_table, requests_of

C, R, E, S = Request.COMPLAINT, Request.REPORT, Request.ENQUIRY, Request.SUGGESTION


@pytest.mark.parametrize(
    ("text", "domain", "kinds"),
    [
        ("买的鞋开胶\n穿了两天就开胶，客服不理，要求退款", "AFS", (C,)),
        ("健身房关门，卡里还剩两千，要求退钱", "PRE", (C,)),
        ("举报无照经营\n举报该店无营业执照，请依法查处", "REG", (R,)),
        ("涉嫌违反广告法第九条，请依法立案，本人未购买，不要求赔偿", "ADV", (R,)),
        ("请问开餐馆要办哪些证，流程是什么", "GEN", (E,)),
        ("建议公平秤放到大门口，字大一点", "GEN", (S,)),
        ("表扬所里的小伙，谢谢你们", "GEN", (S,)),
    ],
)
def test_a_plain_request_is_told(text, domain, kinds):
    assert requests_of(text, domain) == kinds


def test_a_report_in_name_that_wants_the_money_back_is_a_complaint():
    assert requests_of("我要举报这家店\n东西坏了要求退款，退货退钱，客服不给我退，要他赔", "AFS") == (C,)


@pytest.mark.parametrize(
    "text",
    ["登假广告，要求退还预付款，请查处", "销售过期食品，请依法查处，并要求退一赔十", "要求赔偿并对商家处罚"],
)
def test_a_remedy_and_a_penalty_demanded_in_so_many_words_are_two_tracks(text):
    assert requests_of(text, "FDS")[:2] == (C, R)


@pytest.mark.parametrize("text", ["请依法查处，不要求退款", "要求查处，退不退我无所谓，退我也不要"])
def test_a_remedy_expressly_not_wanted_makes_no_second_track(text):
    assert C not in requests_of(text, "ADV")


def test_nothing_said_and_no_domain_is_other():
    assert requests_of("") == (Request.OTHER,)
    assert requests_of("……", "no such domain") == (Request.OTHER,)


@pytest.mark.parametrize(
    "text",
    ["你好", "您好！", "\n你好，在吗", "Hello?", "谢谢，辛苦了", "請問", "喂喂喂", "测试test", "你好呀 有人吗？"],
)
def test_a_greeting_asks_for_nothing(text):
    assert requests_of(text) == requests_of(text, "FDS") == (Request.OTHER,)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("你好，退钱", (C,)),
        ("我要投诉", (C,)),
        ("举报", (R,)),
        ("咨询一下", (E,)),
        ("您好，我要举报", (R,)),
        ("建议", (S,)),
    ],
)
def test_a_greeting_with_a_request_is_a_request(text, kinds):
    assert requests_of(text) == kinds


def test_an_unknown_domain_counts_as_not_known():
    text = "穿了两天就开胶，要求退款"

    assert requests_of(text, "no such domain") == requests_of(text)


def test_a_lone_surrogate_is_no_obstacle():
    assert requests_of("\ud83d要求退款，客服不理", "AFS") == (C,)


def test_each_word_counts_once():
    requests = Requests(
        RequestTable({"退": (60, 0, 0, 0), "查": (0, 100, 0, 0)}, {}, {"": (0, 0, 0, 0)}, (-50, -50, 0, 0))
    )

    assert requests.of("退退退，查") == (R,)


def test_the_table_that_ships_is_read_whole():
    table = read_table(TABLE.read_text(encoding="utf-8").splitlines())

    assert len(table.domains) == 21
    assert table.words["举报"][1] > 0 > table.words["举报"][0]
