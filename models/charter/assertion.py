"""Whether what an expression found is stated as a fact: not denied, feared, supposed, hearsay, a title, long over.

Each test looks at the sentence around a match in the original text; lists of words are for Chinese complaints.
"""

import re

_SENTENCE_ENDS = "。！？!?；;\n"
_CLAUSE = "，,、：:。！？!?；;\n"

_DENIED = re.compile(
    # 没有人食物中毒, 并未被困电梯; only what may stand between, so that 没人管电梯困人 is no denial; each with a character of
    # its own at first, by which it is looked for
    r"(?:没有?|沒有?|未|并未|从未|尚未|无|没人|无人|没谁|没得|不曾|未曾|排除|不存在|不涉及|谈不上|不至于|不是(?<![是要]不是)|并非|不算)"
    r"(?:了|人|出现|发生|造成|导致|引起|有|孩子|学生|任何|什么|啥|过|再|因此|被|听说|出过?|吃出|吃成|明显|其他|想过?|打算|要|说|去|是|算|到){0,3}\Z"
)
_LONGEST_DENIAL = 9
"""Characters that `_DENIED` matches at most: three, and three times two between."""
_DENIED_AFTER = re.compile(
    r"(?:的)?(?:情况|现象|事件?|问题|症状)?[，,]?(?:倒|倒是|都|也|是|还|并)?"
    r"(?:没有|没发生|没出现|没得|不存在|未发生|未出现|不是|谈不上|不至于|不可能|已?经?被?排除)(?![^，。]{0,4}(?:管|处理|解决|停|理|修|人))"
)
_SUPPOSED = re.compile(
    rf"(?:以防|预防|防止|防范|严防|谨防|避免|免得|以免|省得|如果|要是|万一|假如|倘若|一旦|假设|若是|会不会|是否会|是不是会)[^{_CLAUSE}]*\Z"
)
_SUPPOSED_AFTER = re.compile(r"了?的话")
_FEARED = re.compile(rf"(?:担心|担忧|忧虑|唯恐|生怕|害怕|就怕|最怕|(?<![恐可])怕(?!是))[^{_CLAUSE}]*$")
_HEARSAY = re.compile(
    r"(?:听说|听讲|听闻|听人[说讲]|据说|据传|传闻|传言|网传|网上[^。！？]{0,4}[说讲传]|网上(?:看到|有)|谣言|造谣|论坛|争论|讨论|议论|"
    r"新闻[里上]?(?:说|讲|报道|看到)|看到?(?:新闻|视频|帖子|文章|报道)|(?:别人|有人|人家|群里)[说讲传])"
    rf"[^{_SENTENCE_ENDS}]{{0,30}}$"
)
_LONG_AGO = re.compile(rf"(?:去年|前年|[几两三四五六七八九十\d]+年前|小时候|当年|早年)[^{_SENTENCE_ENDS}]*$")
_OVER = re.compile(
    rf"[^{_SENTENCE_ENDS}]{{0,16}}(?:已经?|早就|后来|都)(?:被|全部)?(?:处理|解决|修好|修复|整改|康复|痊愈|好了|和解|赔)"
)
_TAUGHT = re.compile(
    r"[”\"》]?的?(?:预防|防治|防范|宣传|知识|演练|演习|应急|预案|讲座|培训|教育|须知|指南|保险|科普|常识|题材|游戏|小说|电影|短剧|这部|主题)"
)
_NOT_STATED_AFTER = re.compile("|".join(each.pattern for each in (_DENIED_AFTER, _SUPPOSED_AFTER, _TAUGHT)))
_NAMED = re.compile(
    r"(?:叫做?|名为|店名|品牌|招牌|片名|书名|菜名|课程|小说|电影|歌曲|游戏|话剧|标语|广告语|印着|写着)[是为：:]?$"
)
_NAMED_AFTER = re.compile(r"(?:鸡|鸭|鱼|面|饭|奶茶|牌|店|套餐|系列|味|口味|主题|剧本|密室|字样|广告)")

_OPEN_TITLE, _CLOSE_TITLE = "《", "》"
_OPEN_QUOTE, _CLOSE_QUOTE = '“「『"', '”」』"'
_QUOTED = re.compile(f"[{_OPEN_QUOTE}]")
_SHORT = 8
"""Characters of a quotation that may be a name."""


def sentence_before(text: str, start: int) -> str:
    """Return what the sentence around `start` says before it."""
    return text[max(text.rfind(mark, 0, start) for mark in _SENTENCE_ENDS) + 1 : start]


def is_denied(text: str, start: int, end: int) -> bool:
    """Tell whether the sentence denies `text[start:end]`."""
    # what denies has none of the marks that end a sentence: where that begins need not be known
    return bool(_DENIED.search(text, max(0, start - _LONGEST_DENIAL), start) or _DENIED_AFTER.match(text, end))


def is_stated(text: str, start: int, end: int) -> bool:
    """Tell whether `text[start:end]` is neither denied nor supposed, nor the title or name of something."""
    return not (
        _DENIED.search(text, max(0, start - _LONGEST_DENIAL), start)
        or _NOT_STATED_AFTER.match(text, end)
        or _SUPPOSED.search(text, _near(text, start), start)
        or _in_a_name(text, start, end)
    )


def is_reported_as_fact(text: str, start: int, end: int) -> bool:
    """Tell, of what is stated, whether it is more than fear or hearsay, and not long ago or dealt with already."""
    before = sentence_before(text, start)
    return not (_FEARED.search(before) or _HEARSAY.search(before) or _LONG_AGO.search(before) or _OVER.match(text, end))


def _near(text: str, start: int) -> int:
    """A place before which no clause can begin that goes on to `start`: the marks that most clauses end with are enough."""
    return max(text.rfind("，", 0, start), text.rfind("。", 0, start)) + 1


def _in_a_name(text: str, start: int, end: int) -> bool:
    """Tell whether the span stands in 《…》, or in a short quotation that names a shop, a dish, a film."""
    opened = text.rfind(_OPEN_TITLE, 0, start)
    if opened >= 0 and text.find(_CLOSE_TITLE, opened, start) < 0 and text.find(_CLOSE_TITLE, end) >= 0:
        return True
    if not _QUOTED.search(text, max(0, start - _SHORT), start):
        return False
    opened = max(text.rfind(mark, max(0, start - _SHORT), start) for mark in _OPEN_QUOTE)
    closed = min((at for mark in _CLOSE_QUOTE if (at := text.find(mark, end, end + _SHORT)) >= 0), default=-1)
    if closed < 0 or closed - opened > _SHORT + 1:
        return False
    return bool(_NAMED.search(text, 0, opened) or _NAMED_AFTER.match(text, closed + 1))
