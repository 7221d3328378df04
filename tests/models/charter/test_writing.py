import re
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.charter.demo import DEMO
from models.charter.reading import CharterUnreadable, read_charter
from models.charter.writing import UnknownArticle, changed

TEXT = DEMO.read_text(encoding="utf-8")
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)


def comments(text):
    return re.findall(r"(?:^|  )#(?: .*|$)", text, re.MULTILINE)


def test_what_changes_nothing_changes_no_character():
    assert changed(TEXT, "offices", "O09", {}) == TEXT


def test_an_office_is_renamed_in_its_line_alone():
    text = changed(TEXT, "offices", "O09", {"name": "计量监管科", "aliases": ("计量科",)})
    lines = [(old, new) for old, new in zip(TEXT.splitlines(), text.splitlines(), strict=True) if old != new]
    assert lines == [
        (
            "  - {code: O09, name: 计量科, kind: 科室}",
            "  - {code: O09, name: 计量监管科, kind: 科室, aliases: [计量科]}",
        )
    ]


def test_an_office_is_ended_and_brought_back():
    ended = changed(TEXT, "offices", "O09", {"until": date(2026, 12, 31), "successors": ("O10",)})
    office = next(office for office in read_charter(ended).offices if office.code == "O09")
    assert (office.validity.until, office.successors) == (date(2026, 12, 31), ("O10",))
    assert changed(ended, "offices", "O09", {"until": None, "successors": None}) == TEXT


def test_a_territory_goes_by_its_station():
    text = changed(TEXT, "territories", "T01", {"names": ("东亭街道", "东亭新村")})
    assert [name.name for name in read_charter(text).territories[0].names] == ["东亭街道", "东亭新村"]


def test_an_article_that_is_not_there_is_named():
    with pytest.raises(UnknownArticle, match="offices 里没有 O99"):
        changed(TEXT, "offices", "O99", {"name": "新科"})
    with pytest.raises(CharterUnreadable):
        changed("name: 局", "offices", "O01", {})


SMALL = """\
# 一、开头
charter: 1
name: 小局  # 名称
domains:
  FDS: 食品  # 只有一个
offices:
  # 中心
  - {code: O01, name: 消保科, kind: 中心}  # 行尾
  - code: O02
    # 名称上面
    name: "食品科"
    kind: 科室
    aliases:
      - 食品处  # 旧名
responsibilities:
  - {code: R01, domains: [FDS], lead: O01}

# 末尾
"""


@settings(deadline=None, max_examples=60)
@given(
    code=st.sampled_from(["O01", "O02"]), name=WORDS, until=st.none() | st.dates(), aliases=st.lists(WORDS).map(tuple)
)
@example(code="O01", name="食品处", until=None, aliases=("?0",))
def test_whatever_is_written_is_read_again_with_every_comment(code, name, until, aliases):
    text = changed(SMALL, "offices", code, {"name": name, "until": until, "successors": aliases})
    office = next(office for office in read_charter(text).offices if office.code == code)
    assert (office.name, office.validity.until, office.successors) == (name, until, aliases)
    assert comments(text) == comments(SMALL)
