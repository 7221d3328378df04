"""Which words an expression cannot do without."""

import re

import pytest

from models.charter.literals import needs, required_words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("食物中毒|上吐下泻", {"食物中毒", "上吐下泻"}),
        ("[电電]梯.{0,4}困", {"电梯", "電梯"}),
        ("多人.{0,6}(呕吐|腹泻)", {"多人"}),
        ("(?:多名|几位).{0,6}(?:腹泻严重|上吐下泻)", {"腹泻严重", "上吐下泻"}),
        ("炸(?!鸡|串)", {"炸"}),
        ("(?<![存开])放火(?!锅)", {"放火"}),
        ("困(?:在)?电梯", {"困在电梯", "困电梯"}),
        ("(?:甲|乙(?:丙|丁))?戊", {"戊", "甲戊", "乙丙戊", "乙丁戊"}),
        ("第[三四]次", {"第三次", "第四次"}),
        ("甲{2}乙丙", {"乙丙"}),
        ("甲*乙", {"乙"}),
        (r"\d{2,}", set()),
        ("[^没]*", set()),
        ("甲|.", set()),
    ],
)
def test_the_words_an_expression_needs(expression, words):
    assert required_words(expression) == words


@pytest.mark.parametrize(
    ("expression", "sets"),
    [
        ("(?:多名|几位).{0,6}(?:腹泻严重|上吐下泻)", ({"腹泻严重", "上吐下泻"}, {"多名", "几位"})),
        ("孩子.{0,6}(?:摔|烫)|窒息", ({"孩子", "窒息"}, {"摔", "烫", "窒息"})),
        ("(?:甲乙|丙丁)+.*戊", ({"甲乙", "丙丁"}, {"戊"})),
        ("电梯(?:困人)?", ({"电梯", "电梯困人"},)),
        ("甲.*(?:乙.*丙)?", ({"甲"},)),
        ("甲|.", ()),
    ],
)
def test_a_second_set_of_words_is_of_another_part(expression, sets):
    assert needs(expression) == sets


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (r"(?:\d{1,2}|[两三])(?:多|来)?个(?:人|孩子)[^，]{0,4}(?:吐|拉肚子)", "12多个孩子全拉肚子"),
        ("(?:a|b)+c?(?:d|ef)", "abcef"),
    ],
)
def test_every_match_holds_one_of_them(expression, text):
    assert re.search(expression, text)
    assert all(any(word in text for word in words) for words in needs(expression))
