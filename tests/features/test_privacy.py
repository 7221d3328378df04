"""Behaviour of `features.privacy`: what is personal is found, whole, and nothing else is."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric

from features.normalise import Normaliser
from features.privacy import MASK_TOKENS, PersonalSpan, mask, personal_spans


def found(text: str) -> list[tuple[str, str]]:
    return [(text[span.start : span.end], span.kind) for span in personal_spans(text)]


@pytest.mark.parametrize(
    ("text", "what", "kind"),
    [
        ("电话13800138000，请回电", "13800138000", "mobile"),
        ("电话１３８００１３８０００", "１３８００１３８０００", "mobile"),
        ("138 0013 8000联系", "138 0013 8000", "mobile"),
        ("138-0013-8000联系", "138-0013-8000", "mobile"),
        ("138.0013.8000联系", "138.0013.8000", "mobile"),
        ("打+86 13800138000", "+86 13800138000", "mobile"),
        ("打0086-138 0013 8000", "0086-138 0013 8000", "mobile"),
        ("13\u200b8001\u200b38000没人接", "13\u200b8001\u200b38000", "mobile"),
        ("13<b>8001</b>38000没人接", "13<b>8001</b>38000", "mobile"),
        ("&#49;3800138000没人接", "&#49;3800138000", "mobile"),
        ("一三八零零一三八零零零没人接", "一三八零零一三八零零零", "mobile"),
        ("幺三八〇〇幺三八〇〇〇没人接", "幺三八〇〇幺三八〇〇〇", "mobile"),
        ("座机0898-66226622", "0898-66226622", "landline"),
        ("座机（010）66226622", "（010）66226622", "landline"),
        ("座机021-6622 6622-801", "021-6622 6622-801", "landline"),
        ("联系电话：66226622", "66226622", "landline"),
        ("身份证11010519491231002X。", "11010519491231002X", "id_card"),
        ("身份证110105 19491231 002x。", "110105 19491231 002x", "id_card"),
        ("身份证130503670401001。", "130503670401001", "id_card"),
        ("身份证110105194912310021。", "110105194912310021", "number"),
        ("卡号5500000000000004", "5500000000000004", "bank_card"),
        ("卡号6222 0210 0111 6245 702", "6222 0210 0111 6245 702", "bank_card"),
        ("卡号6222 0210 0111 6245 703", "6222 0210 0111 6245 703", "number"),
        ("车牌京A12345堵路", "京A12345", "plate"),
        ("车牌琼AD12345堵路", "琼AD12345", "plate"),
        ("车牌瓊a·12b45堵路", "瓊a·12b45", "plate"),
        ("发到zhang.san+1@mail.example.com了", "zhang.san+1@mail.example.com", "email"),
        ("QQ：12345678", "12345678", "qq"),
        ("加QQ群号是 987654321", "987654321", "qq"),
        ("加Q1234567", "1234567", "qq"),
        ("微信号abc_123", "abc_123", "wechat"),
        ("薇信: abcdefg", "abcdefg", "wechat"),
        ("加V信abc12345", "abc12345", "wechat"),
        ("加V：abcdef", "abcdef", "wechat"),
        ("wxid_a1b2c3d4e5", "wxid_a1b2c3d4e5", "wechat"),
        ("订单号20240315123456789", "20240315123456789", "number"),
        ("运单SF1234567890123到了", "SF1234567890123", "number"),
    ],
)
def test_personal_data_is_found_in_the_original(text, what, kind):
    assert found(text) == [(what, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "打12315和12345都没用，0898-12345也打了",
        "电话号码为12345，2024年3月15日10:20:30打的",
        "2024-03-15 10:20到2024-04-16",
        "20240315",
        "价格15000元，押金1234567.50元，共1,500,000元，投资1000000000元",
        "《消费者权益保护法》第五十五条、第148条第2款",
        "2017年12月至2019年，GB/T 19001-2016",
        "微信支付2980元，QQ音乐会员5元，微信转账15000元",
        "京A座1201室，新A3区，云B2栋",
        "一二三四五六七八九十",
        "营业时间08:00-22:00，分机801，房号3-2-1501",
        "产品型号iPhone14ProMax，AT&T，V1.2.3",
        "他在平台上@了我",
        "没有电话的投诉",
        "",
    ],
)
def test_what_is_not_personal_stays(text):
    assert personal_spans(text) == ()
    assert not set(Normaliser()(text).text) & set(MASK_TOKENS.values())


def test_two_numbers_side_by_side_are_two():
    assert [kind for _, kind in found("13800138000/0898-66226622 QQ12345678")] == ["mobile", "landline", "qq"]


def test_masking_keeps_the_length_and_hides_every_character():
    text = "电话１３８ ００１３ ８０００，谢谢"
    masked = mask(text, personal_spans(text))
    assert masked == "电话*************，谢谢"
    assert len(masked) == len(text)
    assert mask(text, ()) == text
    assert mask("ab", [PersonalSpan(1, 9, "number")]) == "a*"


numbers = st.one_of(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"0898-[2-8][0-9]{7}", fullmatch=True),
    st.from_regex(r"[1-6][0-9]{5}19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9])[0-9]{3}", fullmatch=True).map(
        lambda body: body + ric.calc_check_digit(body + "0")
    ),
)


@given(
    st.lists(st.tuples(st.sampled_from(["联系", "他，", "再打：", "😀", "國(guó)"]), numbers), min_size=1, max_size=4)
)
@settings(max_examples=200, deadline=None)
def test_no_number_survives_masking(parts):
    text = "".join(map("".join, parts))
    spans = personal_spans(text)
    masked = mask(text, spans)
    assert not any(number in masked for _, number in parts)
    assert personal_spans(masked) == ()
    assert Normaliser()(text).personal == spans
    assert all(before.end <= after.start for before, after in pairwise(spans))
