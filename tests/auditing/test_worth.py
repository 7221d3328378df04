import pytest

from auditing.cases.likeness import BANDS, bands_of
from auditing.cases.worth import Look, Worth, chance_wrong, explain, uncertainty, value

LOOK = Look(wrong=0.4, uncertainty=0.8, alike=3, taught=False, sampled=False)


def test_a_look_is_worth_the_mistake_that_it_prevents_and_what_its_label_teaches():
    assert value(LOOK, Worth()) == (pytest.approx(0.4), pytest.approx(0.25 * 0.8 * 3), 0)
    assert value(LOOK, Worth(misroute=2, teaching=0)).total == pytest.approx(0.8)


def test_a_second_label_among_cases_alike_teaches_nothing():
    assert value(LOOK._replace(taught=True), Worth()).teaching == 0


def test_the_place_of_a_sampled_case_does_not_depend_on_what_it_is():
    likely, unlikely = (LOOK._replace(sampled=True, wrong=wrong) for wrong in (0.9, 0.1))
    assert value(likely, Worth()) == value(unlikely, Worth())


def test_the_surest_sign_of_a_wrong_answer_is_its_return():
    assert chance_wrong((0.9, 0.7)) == pytest.approx(0.3)
    assert chance_wrong((0.9, 0.7), challenger=0.9) == pytest.approx(1 - (0.7 + 0.1) / 2)
    assert chance_wrong((0.9,), returned=True) == 1
    assert chance_wrong(()) == 0
    assert uncertainty(0.5, 0.5) == 1


def test_the_explanation_adds_up():
    chinese, english = explain(LOOK, Worth())
    assert chinese == "可能有误 40% × 1 + 不确定 80% × 同类待审 3 件 × 0.25 = 1.00"
    assert english == "40% likely wrong × 1 + 80% unsure × 3 open alike × 0.25 = 1.00"


def test_texts_that_differ_in_a_digit_share_a_band_and_others_do_not():
    text = "昨晚在某健身房办理的年卡被告知停业，卡内余额一千二百元要求退还，店家电话无人接听，请尽快协调处理"
    assert len(bands_of(text)) == BANDS
    assert set(bands_of(text)) & set(bands_of(f" {text}。"))
    assert not set(bands_of(text)) & set(bands_of("停车场收费没有公示牌，停了一个小时收三十元，乱收费"))
    assert bands_of("") == ()
    assert bands_of("好") == bands_of(" 好\n")
