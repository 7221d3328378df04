"""What operators and web pages put around a complaint: lifted as flags where it says something, then cut out.

Patterns are for legible text: simplified script, half-width marks, one space at most. Only whole clauses go; a clause that
says more than its formula (请职能部门查处该店) stays as it is.
"""

import re
from functools import lru_cache

from features.codepoints import ADDRESSEE, ANSWER, ARRIVAL, CHANNEL, PAGE, SECRECY
from features.draft import Draft, Rule

SECRECY_REQUESTED = "secrecy_requested"
NO_REPLY_NEEDED = "no_reply_needed"
REPLY_REQUESTED = "reply_requested"
OPENED_AS = {
    "咨询": "opened_as_enquiry",
    "投诉": "opened_as_complaint",
    "举报": "opened_as_report",
    "建议": "opened_as_suggestion",
}
"""The kind of request that the operator's opening names, which is cut out with it."""

ASKING = SECRECY | ANSWER
"""The hits without which a text asks for neither secrecy nor a reply."""
OPENING = ARRIVAL | CHANNEL
"""The hits without which a text begins with no formula."""
BOILERPLATE = ASKING | OPENING | ADDRESSEE | PAGE
"""The hits of `features.codepoints.scan` without which a text holds none."""

_BOUNDARY = r"[。;:,!? ()\]】]"
_AFTER = r"(?=[。;,!?\s()]|$)[。;,!? ]*"

_CALLER = (
    r"(?:热心|匿名)?(?:市民|群众|居民|网友|游客|消费者|来电人|来信人|举报人|投诉人|诉求人|反映人|当事人|业主|村民|顾客|客户|读者)"
    r"(?:[一-龥]{1,3}?(?:先生|女士|小姐|同志))?"
)
_ARRIVAL = (
    r"(?:(?:再次|多次|现|又)?(?:通过|拨打|使用)?(?:来电|来信|来访|来函|来|致电|微信|公众号|市民云|网站|网上|网络|短信|"
    r"电话|热线|平台|APP|app|12345|12315))"
)
_SAYS = r"(?:反映|反应|反馈|咨询|投诉|举报|建议|求助|诉求|表示|称)"

_OFFICES = r"(?:(?:贵|各|相关|有关|职能|主管|责任|上级|属地|辖区|[及和、])+(?:部门|单位|局|机关))"
_HOW = r"(?:尽快|尽早|及时|立即|予以|给予|依法|依规|前往|到|现场|进行|帮助|协助|认真|妥善|[并和及,、])"
_HANDLE = rf"(?:{_HOW}*(?:核实|核查|调查|查处|查证|处理|处置|解决|跟进|整改|落实|关注|重视|办理|帮助|协助|为盼))"
_ANSWER = r"(?:回复|回电|答复|回访|反馈)"
_DETAILS = r"(?:(?:个人|相关|有关|身份|联系|举报|投诉|来电|电话|姓名|号码|信息|方式|资料|[及和、])+)"
_CALLERS = r"(?:市民|群众|来电人|来信人|举报人|投诉人|诉求人|反映人|当事人|客户|消费者|本人|其)"
_NOT = r"(?:无需|无须|毋需|毋须|勿需|不需要|不需|不必|不用|不要求|无要求)"
_NEED = r"(?:需要求|需要|需|须|要求|请求|应|请)"

_SECRET_CLAUSE = (
    rf"(?:(?:注|备注|说明)[:意]?)?(?:"
    rf"(?:此|该|本)(?:办|工)?(?:件|单)?(?:为|属于|属|系)?保密(?:件|工单|单)"
    rf"|{_NEED}?(?:{_OFFICES}|职能局)?[对为将替]?(?:{_CALLERS}的?)?(?:{_DETAILS}|(?<=人)|(?<=市民)|(?<=其))"
    rf"(?:{_NEED}|予以|给予|进行|严格|已|均|属|系|为)*保密"
    rf"|{_NEED}(?:予以|给予|严格|注意)*保密"
    rf")"
)
_NO_REPLY_CLAUSE = rf"{_NOT}(?:电话|书面|再|给予|市民|来电人|向市民)*{_ANSWER}(?:市民|来电人)?"
_REPLY_CLAUSE = rf"(?:{_CALLERS})?{_NEED}(?:电话|书面|给予|予以|及时|尽快|向?(?:市民|来电人))*{_ANSWER}(?:市民|来电人)?"
_ASKED_CLAUSE = (
    rf"(?:现|望|希望|敬请|恳请|烦请|请|要求|请求|转|由)+{_OFFICES}"
    rf"(?:{_HANDLE}+(?:{_HOW}*{_ANSWER}(?:市民|来电人)?)?|{_HOW}*{_ANSWER})"
)
_REPORTED_CLAUSE = (
    r"请?(?:如实|及时|按时)?上报(?:处理|处置|整改|核实)?(?:情况|结果)"
    r"(?:[,、并]?附(?:上|带)?(?:(?:事|处理|处置|整改)[前中后][,、和及]?)+的?(?:对比)?(?:图片|照片|相片|图)?)?"
)

# without a colon only where the caller or the channel makes it plain that this is the operator's voice
_OPENING = (
    rf"(?:{_CALLER}(?:{_ARRIVAL}+{_SAYS}+[:,]? ?|{_ARRIVAL}*{_SAYS}+[:,] ?)"
    rf"|(?:来电|来信|举报|投诉|诉求|反映)人(?:反映|反应|咨询|投诉|举报|求助|建议)[:,]? ?)"
)


def _clauses(formula: str) -> re.Pattern[str]:
    """Find whole clauses that are nothing but `formula`, one or several; they are group 1."""
    return re.compile(rf"{_BOUNDARY}((?:{formula}{_AFTER})+)")


_OPENINGS = re.compile(rf"{_BOUNDARY}((?:{_OPENING})+)")

# 一大包全是坏的请职能部门及时处理: as whole a formula, only that nobody set a mark; not 想请, 申请
_ASKED_AT_THE_END = re.compile(
    rf"(?<=[一-龥])(?<![要想申邀聘提恳敬烦])((?:[敬恳烦]?请|希望){_OFFICES}(?:{_HANDLE}+(?:{_HOW}*{_ANSWER}(?:市民|来电人)?)?|{_HOW}*{_ANSWER}){_AFTER})"
)

RULES = (
    Rule("page errors", "a content system's message about itself", PAGE, re.compile(r"\*+处理标记:[^*]{0,200}\*+")),
    Rule(
        "page navigation",
        "names of neighbouring pages, only where several stand together",
        PAGE,
        re.compile(r"(?:[返版标本上下](?:回主页|面导航|题导航|版[上下]一[期篇]|一[期篇])[\s|:]*){2,}"),
    ),
    Rule(
        "recommended articles",
        "counters and teasers after the editor's name are other texts",
        PAGE,
        re.compile(r"责任编辑:.{0,40}?(?:浏览|获赞).*", re.DOTALL),
    ),
    Rule(
        "openings",
        "how the complaint came in is no part of it: 市民来电反映:",
        OPENING,
        _OPENINGS,
    ),
    Rule("secrecy", "a formula for the office that works on the ticket", SECRECY, _clauses(_SECRET_CLAUSE)),
    Rule("no reply", "the same", ANSWER, _clauses(_NO_REPLY_CLAUSE)),
    Rule("reply", "the same", ANSWER, _clauses(_REPLY_CLAUSE)),
    Rule("report back", "the same", ADDRESSEE, _clauses(_REPORTED_CLAUSE)),
    Rule("please handle", "the same", ADDRESSEE, _clauses(_ASKED_CLAUSE)),
    Rule("please handle, behind no mark", "the same", ADDRESSEE, _ASKED_AT_THE_END),
    Rule(
        "empty brackets",
        "left where all that they held was a formula",
        ASKING | ADDRESSEE,
        re.compile(r"\([\s,;。:]*\)"),
    ),
)

_SECRECY = re.compile(
    rf"(?:{_CALLERS}|信息|电话|方式|身份|姓名|号码|资料|{_NEED}|为我|[此该本]办?[件单][为属系]?)[^。,;!?]{{0,6}}?(?<![不无未勿])保密"
)
_NOT_SECRET = re.compile(rf"(?:{_NOT}|不|无|未|没有)[^。,;!?]{{0,4}}保密|保密(?:协议|合同|局|制度|义务)")
_NO_REPLY = re.compile(rf"{_NOT}[^。,;!?]{{0,6}}?{_ANSWER}")
_REPLY = re.compile(
    r"[需要请望盼](?<![无毋勿不][需要])(?:(?<=需)要?|(?<=要)求|(?<=[请望盼]))"
    r"(?:贵局|[职相有]\S部门|部门|政府|工作人员|\d+号?话务(?:员|代表)|领导|你们|您|能|予以|给予|给个|尽快|尽早|及时|电话|书面|明确|"
    r"核实|处理|后|将结果|结果|[并和与的以,])*(?:回复|回电|答复|回访)"
)


def flags_of(text: str, hits: int) -> frozenset[str]:
    """Lift what the formulas in legible `text` say: how it was opened; whether secrecy, no reply or a reply is asked."""
    lifted: set[str] = set()
    if hits & OPENING and (opening := _OPENINGS.match(" " + text)):
        lifted.update(flag for verb, flag in OPENED_AS.items() if verb in opening[1])
    if not hits & ASKING:
        return frozenset(lifted)
    if hits & SECRECY and any(not _NOT_SECRET.search(match[0]) for match in _SECRECY.finditer(text)):
        lifted.add(SECRECY_REQUESTED)
    if _NO_REPLY.search(text):
        lifted.add(NO_REPLY_NEEDED)
    elif _REPLY.search(text):
        lifted.add(REPLY_REQUESTED)
    return frozenset(lifted)


CALLERS = ("热心", "匿名", "市民", "群众", "居民", "网友", "游客", "消费", "来电", "来信", "举报", "投诉", "诉求", "反映",
           "当事", "业主", "村民", "顾客", "客户", "读者")  # fmt: skip
"""What an opening begins with: the first two characters."""

BOUNDARIES = "。;:,!? ()]】"
"""Behind which an opening may stand."""


@lru_cache(maxsize=4_096)
def opening_of(clause: str) -> tuple[int, frozenset[str]]:
    """Give the end of the opening at the start of a text's first clause, 0 without one, and its flags.

    Remembered, because hotlines use few of them.
    """
    found = _OPENINGS.match(" " + clause)
    if found is None:
        return 0, frozenset()
    return found.end() - 1, frozenset(flag for verb, flag in OPENED_AS.items() if verb in found[1])


def lone_opening(text: str) -> tuple[int, frozenset[str]] | None:
    """Give the end of the opening at the start of legible `text`, 0 without one, and its flags; None if there are more.

    Nearly every ticket of a hotline has just this one formula, and to skip it is all that the rule would do.
    """
    fronted = " " + text
    found = _OPENINGS.match(fronted)
    end = found.end() - 1 if found else 0
    if _OPENINGS.search(text, max(0, end - 1)):
        return None
    flags = frozenset(flag for verb, flag in OPENED_AS.items() if verb in found[1]) if found else frozenset()
    return end, flags


def without_boilerplate(draft: Draft, hits: int) -> Draft:
    """Cut operators' formulas and page furniture out of `draft`; `hits` say which may be there."""
    return draft.fronted(RULES, hits)
