"""Personal data in a complaint: where it stands, what kind it is, and how it is hidden.

Sources of the shapes: GB 11643 (identity numbers), GA 36 (plates), the number plan of the MIIT (telephones), ISO 7812
(bank cards). What has the shape of a number of a person and fails its check digit is still hidden, as 'number'.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from stdnum import luhn
from stdnum.cn import ric

from features.characters import PROVINCES, SPELLED_DIGITS, character_table
from features.codepoints import AT_SIGN, DIGITS, NUMERALS, PLATE, SOCIAL, Offsets, decode
from features.legible import Legible, LegibleTexts

PersonalKind = Literal["mobile", "landline", "id_card", "bank_card", "plate", "email", "qq", "wechat", "number"]

MASK_TOKENS: dict[PersonalKind, str] = {kind: chr(0xE000 + place) for place, kind in enumerate(get_args(PersonalKind))}
"""What stands for each kind in a model's text. Private-use characters of the original are dropped: none can be forged."""

TOKENS = "".join(MASK_TOKENS.values())
MASK = "*"

PERSONAL = AT_SIGN | DIGITS | NUMERALS | PLATE | SOCIAL
"""The hits of `features.codepoints.scan` without which a text holds no personal data."""


@dataclass(frozen=True, slots=True)
class PersonalSpan:
    """`original[start:end]` is personal data of `kind`."""

    start: int
    end: int
    kind: PersonalKind


@dataclass(frozen=True, slots=True)
class Shape:
    """What one kind of personal data looks like in legible text.

    `hits` are those of which one must be there; the data is group 1 of `pattern` where it has one, else the match.
    `judge` names the kind of what was matched, or None if it is nothing personal after all.
    """

    pattern: re.Pattern[str]
    hits: int
    judge: Callable[[str], PersonalKind | None]


def _always(kind: PersonalKind) -> Callable[[str], PersonalKind | None]:
    return lambda _: kind


def _digits(matched: str) -> str:
    return "".join(character for character in matched if character.isalnum()).upper()


def _identity(matched: str) -> PersonalKind:
    number = _digits(matched)
    return "id_card" if number[-1] == ric.calc_check_digit(number) else "number"


def _card(matched: str) -> PersonalKind | None:
    number = _digits(matched)
    if luhn.is_valid(number):
        return "bank_card"
    # four prices in a row look like a card, save for the prefix of the cards issued here
    return "number" if number.startswith("62") else None


_DIGITS_OF_A_NUMBER = 9
_BIRTHDAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_CALLED = r"(?:号码|账号|帐号|号|ID|id)"
_IS = r"[\s:是为]{0,3}"
_WECHAT = r"[微薇威徽VvWw加](?:信|(?<![A-Za-z].)[Xx]|e[Cc]hat|(?<=加)[微薇Vv]|(?<=[Vv])(?<![A-Za-z].)(?=:))"

# Each pattern begins with the characters that may come first and looks behind only then: the engine skips to them.
SHAPES = (
    Shape(
        re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63} ?@ ?(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12}"),
        AT_SIGN,
        _always("email"),
    ),
    Shape(
        re.compile(
            rf"[1-9](?<![\dA-Za-z].)\d{{5}}[ -]?(?:18|19|20)\d\d[ -]?{_BIRTHDAY}[ -]?\d{{3}}[\dXx](?![\dA-Za-z])",
        ),
        DIGITS,
        _identity,
    ),
    Shape(re.compile(rf"[1-9](?<![\dA-Za-z].)\d{{7}}{_BIRTHDAY}\d{{3}}(?![\dA-Za-z])"), DIGITS, _always("id_card")),
    Shape(re.compile(r"[3-6](?<![\dA-Za-z].)\d{3}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![\dA-Za-z])"), DIGITS, _card),
    Shape(
        re.compile(
            r"(?:1(?<!\d.)|0(?<!\d.)(?:086[ -]?)?1|8(?<!\d.)6[ -]?1|\+86[ -]?1)"
            r"[3-9]\d(?:(?: ?-? ?\d){8}|\.\d{4}\.\d{4})(?!\d)"
        ),
        DIGITS,
        _always("mobile"),
    ),
    Shape(
        re.compile(
            rf"[1一幺壹](?<![{SPELLED_DIGITS}].)[ -]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[ -]?[\d{SPELLED_DIGITS}]){{9}}(?![{SPELLED_DIGITS}])"
        ),
        NUMERALS,
        lambda matched: "mobile" if set(matched) & set(SPELLED_DIGITS) else None,
    ),
    Shape(
        re.compile(
            r"(?:0(?<!\d.)(?:086[ -]?\(?0?)?|\(0|\+86[ -]?\(?0?)(?:10|2\d|[3-9]\d\d)\)?"
            r"[ -]?[2-8]\d{2,3}[ -]?\d{4}(?!\d)(?:[-转]\d{1,5}(?!\d))?"
        ),
        DIGITS,
        _always("landline"),
    ),
    Shape(
        re.compile(rf"[电座固手联](?:话|机|系方式){_CALLED}?{_IS}([2-8]\d{{2,3}}-?\d{{4}})(?![\d.元块万])"),
        DIGITS,
        _always("landline"),
    ),
    Shape(
        re.compile(
            rf"[{PROVINCES}][A-HJ-NP-Za-hj-np-z][ ·.-]?(?=[A-Za-z]*\d[A-Za-z]*\d)"
            r"(?:[A-HJ-NP-Za-hj-np-z0-9]{5,6}|[A-HJ-NP-Za-hj-np-z0-9]{4}[挂学警港澳领试超])(?![A-Za-z0-9])"
        ),
        PLATE,
        _always("plate"),
    ),
    Shape(
        re.compile(rf"[Qq扣企球][Qq扣鹅球]群?{_CALLED}?{_IS}([1-9](?:[ -]?\d){{4,10}})(?![\d元块万年])"),
        SOCIAL,
        _always("qq"),
    ),
    Shape(re.compile(r"[Qq](?<![A-Za-z].)号?:? ?([1-9]\d{5,10})(?![\d元块万年])"), SOCIAL, _always("qq")),
    Shape(
        re.compile(rf"{_WECHAT}(?:{_CALLED}{_IS}|{_IS}[:是为] ?)([A-Za-z][A-Za-z0-9_-]{{5,19}})"),
        SOCIAL,
        _always("wechat"),
    ),
    Shape(re.compile(rf"{_WECHAT} ?((?=[A-Za-z-]*[\d_])[A-Za-z][A-Za-z0-9_-]{{5,19}})"), SOCIAL, _always("wechat")),
    Shape(re.compile(r"[Ww](?<![A-Za-z].)xid_[A-Za-z0-9]{6,}"), SOCIAL, _always("wechat")),
    Shape(
        re.compile(r"[A-Za-z0-9](?<![A-Za-z0-9].)[A-Za-z0-9]{8,}(?!(?:\.\d+)? ?[元块万亿圆])(?![A-Za-z0-9])"),
        DIGITS,
        lambda matched: "number" if sum(map(str.isdigit, matched)) >= _DIGITS_OF_A_NUMBER else None,
    ),
)
"""In the order in which they have the say: of two that overlap, the earlier names the kind of both together."""


def find_personal(text: str, hits: int) -> list[PersonalSpan]:
    """Personal data in legible `text` for which `scan` returned `hits`: spans of `text`, in order and apart."""
    found: list[tuple[int, int, int, PersonalKind]] = []
    for rank, shape in enumerate(SHAPES):
        if not hits & shape.hits:
            continue
        group = shape.pattern.groups
        for match in shape.pattern.finditer(text):
            kind = shape.judge(match[group])
            if kind is not None:
                found.append((*match.span(group), rank, kind))
    found.sort()
    spans: list[PersonalSpan] = []
    rank_of_last = 0
    for start, end, rank, kind in found:
        last = spans[-1] if spans else None
        if last is None or start >= last.end:
            spans.append(PersonalSpan(start, end, kind))
            rank_of_last = rank
            continue
        stronger = kind if rank < rank_of_last else last.kind
        spans[-1] = PersonalSpan(last.start, max(last.end, end), stronger)
        rank_of_last = min(rank, rank_of_last)
    return spans


def in_original(spans: Sequence[PersonalSpan], offsets: Offsets) -> tuple[PersonalSpan, ...]:
    """Carry `spans` over to the original text to which `offsets` lead.

    What the scan dropped inside a span, or right behind it, is hidden with it. A character that became several is hidden
    whole.
    """
    mapped = []
    for span in spans:
        start, last, end = (int(offsets[place]) for place in (span.start, span.end - 1, span.end))
        mapped.append(PersonalSpan(start, max(end, last + 1), span.kind))
    return tuple(mapped)


def personal_in(legible: Legible) -> list[PersonalSpan]:
    """Personal data in a legible text, as spans of the legible text; without hits that ask for it nothing is searched."""
    return find_personal(decode(legible.codepoints), legible.hits) if legible.hits & PERSONAL else []


@cache
def _legible_texts() -> LegibleTexts:
    return LegibleTexts(character_table(TOKENS))


def personal_spans(text: str) -> tuple[PersonalSpan, ...]:
    """Personal data in `text`, in order and apart: the same spans that a `Normaliser` reports. Never raises for a str."""
    legible = _legible_texts()(text)
    return in_original(personal_in(legible), legible.offsets)


def mask(text: str, spans: Sequence[PersonalSpan]) -> str:
    """`text` with each character of `spans` replaced by '*', so that it keeps its length and offsets stay valid."""
    characters = list(text)
    for span in spans:
        characters[span.start : span.end] = MASK * len(characters[span.start : span.end])
    return "".join(characters)
