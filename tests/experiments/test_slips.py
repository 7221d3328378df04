"""What the slips do to a text."""

import pytest

from tests.experiments.slips import (
    SLIPS,
    marks_doubled,
    misheard,
    pinyin_in_brackets,
    title_interleaved,
    widths_swapped,
)

TEXT = "市民来电反映：在微信上买的2斤苹果，到货发现烂了一半，商家说概不退换，要求退款并处理。请尽快回复，谢谢。" * 12


@pytest.mark.parametrize("kind", SLIPS)
def test_a_slip_changes_a_text_the_same_way_in_every_run(kind):
    slip, _ = SLIPS[kind]
    assert slip(TEXT, "苹果烂了") != TEXT
    assert slip(TEXT, "苹果烂了") == slip(TEXT, "苹果烂了")


def test_words_of_the_title_stand_behind_the_clauses():
    assert (
        title_interleaved("货烂了，不退，要求退款。", "苹果腐烂 商家拒退")
        == "货烂了，苹果腐烂不退，商家拒退要求退款。苹果腐烂"
    )


def test_what_is_misheard_sounds_the_same_and_keeps_its_length():
    assert len(misheard(TEXT, "")) == len(TEXT)


def test_mirrors_add_to_a_text_and_take_nothing_away():
    assert marks_doubled("退款，谢谢。", "") == "退款,，谢谢,。"
    assert widths_swapped("12斤，", "") == "１２斤,"
    assert pinyin_in_brackets("国国国国国国国国", "").count("guó") >= 1
