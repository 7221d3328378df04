"""Texts that are hard to read: a strategy for what comes, and copies as careless mirrors make them."""

import csv
import gzip
import os
from pathlib import Path

import opencc
from hypothesis import strategies as st

_PIECES = (
    *"市民反映超市过期食品要求退一赔十举报电梯年检健身卡余额不退的了是在",
    *"abXYZ019+#&._%- \t\r\n,.!?:;()[]{}<>/\\|@~`^*='\"",
    *"，。、；：？！…—·“”《》（）　㎡①ⅷ〇々ー",
    *"é中Ж가アあµß\u0301\u200b\ufeff\u2028\x0b\x0c\x1c\x85\xa0\ue000\uf8ff\ufffd\ud83d\udc00",
    *"🍜👩😀𠮷𡃁𪚥\U0002fa1f\U000e0041",
    *"\u3400\u4dbf\u4e00\u9fd5\u9fd6\u9fff",
    *("\r\n", "\n\r", "预付卡", "电子秤", "江南style", "T恤", "4S店", "C++", "1.5升", "12315", "A股", "β", "B超"),
    *("食品安全法第一百四十八条", "国(guó)", "3.15晚会", "80%", "a.b-c_d", "iPhone14", "AAAA", "ok", "某宝", "V信"),
    *("13800001234", "商戶虛假宣傳", "&nbsp;", "<b>罚</b>", "市民来电反映：", "请职能部门及时处理"),
)

TEXTS = st.lists(st.one_of(st.sampled_from(_PIECES), st.characters()), max_size=60).map("".join)
"""Han, Latin, digits, punctuation, emoji, line ends, characters beyond the BMP, lone surrogates, personal data."""

_PINYIN = {
    "的": "de", "一": "yī", "不": "bù", "了": "le", "在": "zài", "有": "yǒu", "人": "rén", "来": "lái", "上": "shàng",
    "大": "dà", "要": "yào", "店": "diàn", "家": "jiā", "后": "hòu", "发": "fā", "面": "miàn", "里": "lǐ", "只": "zhǐ",
    "干": "gān", "台": "tái", "食": "shí", "品": "pǐn", "卡": "kǎ", "退": "tuì", "电": "diàn", "药": "yào", "费": "fèi",
    "价": "jià", "商": "shāng", "说": "shuō", "买": "mǎi", "没": "méi", "过": "guò", "国": "guó", "车": "chē", "学": "xué",
}  # fmt: skip

_MARKS = "，。、；：？！"

_TO_TRADITIONAL = opencc.OpenCC("s2t")


def traditional(text):
    """The same in traditional script."""
    return _TO_TRADITIONAL.convert(text)


def garbled(text):
    """As mirror sites have it: pinyin in brackets behind common characters, and a comma before each mark."""
    said = "".join(f"{c}({_PINYIN[c]})" if c in _PINYIN else c for c in text)
    return "".join(f",{c}" if c in _MARKS else c for c in said)


SHARED = Path(__file__).parents[2] / "shared" / "data"
"""Real complaints, beside the repository where there are any; never in it."""

EVERY = 1 if os.environ.get("PAIDAN_EVERY_ROW") else 3
"""References take milliseconds a row: by default every third is compared, with PAIDAN_EVERY_ROW=1 all are."""


def shared_rows(name):
    """Yield the rows of a file of SHARED as dicts."""
    with gzip.open(SHARED / name, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
