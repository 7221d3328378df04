"""What each character becomes, and which slower rules it calls for: the table behind `features.codepoints.scan`."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import opencc

from features import codepoints as cp
from features.codepoints import CodePoints, Entries

OWN_REPLACEMENTS: dict[str, str] = {
    # variants that OpenCC's 't2s' leaves: regional forms, and what its 's2t' writes for the simplified character
    **dict(zip("陜衞枱粧糭衹敍痺妳暱揹伕锺", "陕卫台妆粽只叙痹你昵背夫钟", strict=True)),
    # radicals that PDF copies put in the place of characters; NFKC knows only the Kangxi block
    **dict(
        zip(
            "⺠⺟⻄⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
            "民母西见角贝车长门青页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
            strict=True,
        )
    ),
    # marks with several forms; the ellipsis is kept although NFKC would make it three stops
    **dict.fromkeys("“”„‟″「」『』﹁﹂﹃﹄〝〞", '"'),
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("‐‑‒–−", "-"),
    **dict.fromkeys("―─━", "—"),
    **dict.fromkeys("…⋯︙", "…"),
    **dict.fromkeys("〜∼", "~"),
    **dict.fromkeys("•‧∙・⋅", "·"),
    "○": "〇",
    "\ufffd": "\ufffd",  # no picture: it says that something was lost here
}
"""Our own additions, applied to single characters before NFKC has its say."""

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
"""What a number plate begins with."""
SPELLED_DIGITS = "零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖"
"""What the digits of a number are spelled with."""

_DIGITS = "0123456789"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = _UPPER.lower()
_TONED = "āáǎàōóǒòēéěèêīíǐìūúǔùüǖǘǚǜńňǹ"

_CLASSES: tuple[tuple[int, str], ...] = (
    (cp.SPACE, " "),
    (cp.SINGLE, ",。、;:!?~…—·\"'()"),
    (cp.CLAUSE, ",。、;:!?~…"),
    (cp.DIGIT, _DIGITS),
    (cp.LETTER, _UPPER + _LOWER),
    (cp.NUMERAL, SPELLED_DIGITS),
    (cp.GLUE, " -_.()"),
)

_PAIRS: tuple[tuple[int, str, str], ...] = (
    # group, characters that come first, characters that come second
    (cp.MARKUP, "&<", _UPPER + _LOWER + "#/!"),
    (cp.PINYIN, "(", _LOWER + _TONED),
    (cp.BYTE_LOSS, "?", "!"),
    (cp.PLATE, PROVINCES, _UPPER + _LOWER),
    (cp.SOCIAL, "微薇威徽VvWwQq扣企球加", "信微薇VvXxQqEe扣鹅球号: " + _DIGITS),
    (cp.ARRIVAL, "来致", "电信访函咨"),
    (cp.CHANNEL, "民众客户者人友主士生姐志", "反咨投举建求诉表称再多现又通拨使来微公市网短电热平Aa1"),
    (cp.SECRECY, "保", "密"),
    (cp.ANSWER, "回答反", "复电访馈"),
    (cp.ADDRESSEE, "请求望由转上", "职相有主各贵如上报"),
    (cp.PAGE, "标编导主一", "记辑航页篇期"),
    (cp.NICKNAME, "某狗", "宝东音团多夕红付"),
    (cp.DENIAL, "没不无谈未正准", "有问毛意异话得啥是关怪赖错存涉不常规的"),
    (cp.RESPELLING, "VvPp薇徽威拼抖骗鬼红直付", "信Dd夕多xX印Yy孒纸*薯Bb"),
)

# Letters that bytes read in a wrong encoding turn into: U+FFFD, UTF-8 as Latin-1, UTF-8 as GBK.
_DAMAGE = "\ufffd锟烫锛鐨銆鏄鍙鍦" + "".join(map(chr, chain(range(0xC2, 0xD7), range(0xD8, 0xF0))))
_SURROGATES = range(0xD800, 0xE000)
_OLDEST_PICTOGRAPH = 0x2000  # below stand ° © ®, which are not pictures
_RADICALS = range(0x2E80, 0x3000)
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def legible_form(character: str) -> str:
    """Return what one character becomes before script is considered: '' if it is dropped, else its NFKC form.

    Own replacements first; white space and pictures become a space; controls, zero-width characters, private use and
    combining marks go (a stroke through a letter hides a word, and pinyin is as good without its tone).
    """
    own = OWN_REPLACEMENTS.get(character)
    if own is not None:
        return own
    code = ord(character)
    if code in _SURROGATES:
        return "\ufffd"
    category = unicodedata.category(character)
    if character.isspace() or category[0] == "Z":
        return " "
    if category in {"Cc", "Cf", "Co", "Mn", "Me"}:
        return ""
    form = unicodedata.normalize("NFKC", character)
    if form != character:
        return "".join(map(legible_form, form))
    pictured = category == "So" and code >= _OLDEST_PICTOGRAPH and code not in _RADICALS
    return " " if pictured or code in _SKIN_TONES else character


@dataclass(frozen=True, slots=True, eq=False)
class CharacterTable:
    """What becomes of each of the code points below `codepoints.TABLE_SIZE`; three arrays of that length.

    `entries` goes with `scan` over original text and writes simplified script. `settled` goes with `scan` over text that
    is legible already: it changes no character, so that 乾隆 stays as the phrase table left it, and keeps the characters
    of `tokens` that we put in ourselves. `legible` is the mapping before script, 0 for dropped; `expansions` has the
    characters that become several, and `traditional` those that have another simplified form.
    """

    entries: Entries
    settled: Entries
    legible: CodePoints
    simplified: CodePoints
    expansions: dict[int, str]
    expands: npt.NDArray[np.bool_]
    traditional: npt.NDArray[np.bool_]


def _pulls() -> npt.NDArray[np.int64]:
    """Classes and pair groups by the character that is kept."""
    pulls = np.zeros(cp.TABLE_SIZE, np.int64)
    for flag, characters in _CLASSES:
        pulls[[ord(character) for character in characters]] |= flag
    for group, first, second in _PAIRS:
        pulls[[ord(character) for character in first]] |= group << cp.FIRST_SHIFT
        pulls[[ord(character) for character in second]] |= group << cp.SECOND_SHIFT
    return pulls


def _lone(trigger: int) -> int:
    return trigger >> cp.PAIR_GROUPS << cp.LONE_SHIFT


@cache
def character_table(tokens: str = "") -> CharacterTable:
    """Build the table, once per process (0.3 s); `tokens` are private-use characters that settled text may hold."""
    convert = opencc.OpenCC("t2s").convert
    identity = np.arange(cp.TABLE_SIZE, dtype=np.uint32)
    legible = identity.copy()
    simplified = identity.copy()
    expansions: dict[int, str] = {}
    for code in range(cp.TABLE_SIZE):
        form = legible_form(chr(code))
        if len(form) > 1:
            expansions[code] = form
        else:
            legible[code] = ord(form) if form else 0
    kept = np.unique(legible[0x2E80:])
    kept = kept[kept > 0].tolist()
    # all in one call, each on a line of its own, so that none makes a phrase with its neighbour
    for code, form in zip(kept, convert("\n".join(map(chr, kept))).split("\n"), strict=True):
        if len(form) == 1 and ord(form) < cp.TABLE_SIZE:
            simplified[code] = ord(form)
    traditional = simplified != identity
    # 著 has two simplified forms and OpenCC keeps it; the rule for it runs with those for traditional script
    traditional[ord("著")] = True

    expands = np.zeros(cp.TABLE_SIZE, np.bool_)
    expands[list(expansions)] = True

    pulls = _pulls()
    entries = simplified[legible].astype(np.int64)
    entries |= pulls[entries]
    entries[traditional[legible]] |= _lone(cp.TRADITIONAL)
    entries[expands] |= _lone(cp.EXPANDS)
    entries[[ord("@"), ord("＠")]] |= _lone(cp.AT_SIGN)
    entries[[ord(character) for character in _DAMAGE] + list(_SURROGATES)] |= _lone(cp.DAMAGED)

    settled = np.where(legible == 0, 0, identity).astype(np.int64)
    settled[[ord(token) for token in tokens]] = [ord(token) for token in tokens]
    settled |= np.where(settled > 0, pulls, 0)
    settled[ord("@")] |= _lone(cp.AT_SIGN)
    for array in (entries, settled, legible, simplified, expands, traditional):
        array.flags.writeable = False
    return CharacterTable(entries, settled, legible, simplified, expansions, expands, traditional)


def libraries() -> str:
    """Name the versions that the table depends on, as text for a digest."""
    return f"opencc {opencc.__version__}; unicode {unicodedata.unidata_version}"
