"""Ways in which a complaint is written badly: each takes a text and its title and gives the copy.

What is left to chance is drawn anew for each text from a seed that the text itself gives: copies are the same in every run.
"""

import random
import re
import zlib
from collections.abc import Callable, Mapping
from functools import cache

import opencc
from pypinyin import Style, pinyin_dict
from pypinyin import pinyin as spelled

DROPPED, MISHEARD = 0.02, 0.03
"""Shares of the Han characters that go missing, and that come out as another of the same sound."""

Slip = Callable[[str, str], str]
"""(text, title) -> copy."""

_MARKS = "，。、；：？！,;:?!"
_ENDS = _MARKS + ".…~～）)”"
_FULL = {chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)}
_HALF = {"，": ",", "。": ".", "；": ";", "：": ":", "？": "?", "！": "!", "（": "(", "）": ")", "“": '"', "”": '"'}
_EVASIVE = {
    "微信": "薇信",
    "淘宝": "某宝",
    "京东": "某东",
    "拼多多": "拼夕夕",
    "抖音": "抖印",
    "支付宝": "支付bao",
    "骗子": "骗孒",
    "直播": "直bo",
    "小红书": "小红薯",
    "美团": "某团",
}
_EMOJIS = "😡🙏😭💢👎😤"
_WORDS = re.compile(r"[一-龥]{2,4}")
_OPENING = re.compile(
    r"^(?:市民|来电人|群众|诉求人|举报人|投诉人)(?:来电|来访|致电)?(?:反映|咨询|投诉|举报|称|表示)?[，,：:]?"
)
_SCRIPT = opencc.OpenCC("s2t")


def _draw(text: str) -> random.Random:
    return random.Random(zlib.crc32(text.encode("utf-8", "surrogatepass")))


def traditional(text: str, _title: str) -> str:
    """Traditional script."""
    return _SCRIPT.convert(text)


def pinyin_in_brackets(text: str, _title: str) -> str:
    """As mirror sites have it: 国(guó), behind one character in four."""
    draw = _draw(text)
    return "".join(
        f"{c}({spelled(c, style=Style.TONE)[0][0]})" if "一" <= c <= "龥" and draw.random() < 1 / 4 else c for c in text
    )


def marks_doubled(text: str, _title: str) -> str:
    """A comma before each mark, as mirror sites have it."""
    return "".join(f",{c}" if c in _MARKS else c for c in text)


def widths_swapped(text: str, _title: str) -> str:
    """Half-width letters, digits and marks full, full-width marks half."""
    return "".join(_FULL.get(c) or _HALF.get(c) or c for c in text)


def title_interleaved(text: str, title: str) -> str:
    """The next word of the title, or of the text's own first line, after each mark that ends a clause."""
    words = _WORDS.findall(title or text[:20]) or ["市场"]
    found, turn = [], 0
    for c in text:
        found.append(c)
        if c in "，。；！？,;":
            found.append(words[turn % len(words)])
            turn += 1
    return "".join(found)


@cache
def _homophones() -> Mapping[str, str]:
    """Of each common character those that sound the same, tones aside."""
    # the characters of GB 2312's first level are the common ones
    common = [bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)]
    sounds: dict[str, str] = {}
    for c in common:
        if c and ord(c) in pinyin_dict.pinyin_dict:
            sound = spelled(c, style=Style.NORMAL)[0][0]
            sounds[sound] = sounds.get(sound, "") + c
    return {c: alike.replace(c, "") for alike in sounds.values() for c in alike if len(alike) > 1}


def misheard(text: str, _title: str) -> str:
    """3% of the characters as another of the same sound, as speech recognition and hasty typing have it."""
    draw, alike = _draw(text), _homophones()
    return "".join(draw.choice(alike[c]) if c in alike and draw.random() < MISHEARD else c for c in text)


def evasive(text: str, _title: str) -> str:
    """Names of platforms as those write them who route around word filters."""
    for name, spelling in _EVASIVE.items():
        text = text.replace(name, spelling)
    return text


def emojis(text: str, _title: str) -> str:
    """An emoji or three after some marks and at the end."""
    draw = _draw(text)
    said = "".join(
        c + draw.choice(_EMOJIS) * draw.randint(1, 3) if c in _MARKS and draw.random() < 1 / 3 else c for c in text
    )
    return said + draw.choice(_EMOJIS)


def characters_dropped(text: str, _title: str) -> str:
    """2% of the characters missing."""
    draw = _draw(text)
    return "".join(c for c in text if draw.random() >= DROPPED)


def boilerplate_added(text: str, _title: str) -> str:
    """An operator's opening and end."""
    return f"市民来电反映：{text}请职能部门及时处理，市民信息需要保密。"


def boilerplate_removed(text: str, _title: str) -> str:
    """Without an operator's opening."""
    return _OPENING.sub("", text) or text


def denied(text: str, _title: str) -> str:
    """What is not the matter: "there are no fumes"; behind a mark, as people set one where another thought begins."""
    return (
        text
        + ("" if text[-1:] in _ENDS else "，")
        + _draw(text).choice(
            [
                "没有油烟，也没有噪音。",
                "电梯没有问题。",
                "秤是准的。",
                "不是快递的事，也没有人欠薪。",
                "药店那边没有过期药。",
            ]
        )
    )


def hearsay(text: str, _title: str) -> str:
    """Told by somebody else."""
    return _draw(text).choice(["听邻居讲，", "我也是听别人说的，", "朋友圈里看到的：", "据同事说，"]) + text


SLIPS: Mapping[str, tuple[Slip, float]] = {
    "traditional script": (traditional, 1),
    "pinyin in brackets": (pinyin_in_brackets, 1),
    "doubled marks": (marks_doubled, 1),
    "half and full width": (widths_swapped, 1),
    "title words between clauses": (title_interleaved, 3),
    "homophones, 3%": (misheard, 3),
    "evasive spellings": (evasive, 3),
    "emojis": (emojis, 3),
    "characters dropped, 2%": (characters_dropped, 3),
    "operator's phrases added": (boilerplate_added, 3),
    "operator's phrases removed": (boilerplate_removed, 3),
    "negation": (denied, 3),
    "hearsay": (hearsay, 3),
}
"""Each slip and the points of accuracy that it may cost at most."""
