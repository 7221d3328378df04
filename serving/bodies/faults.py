"""What is wrong with a body, said so that the sender can mend it: Chinese first, never with the value."""

import re
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from serving.refusals import Fault

SURROGATE: Final = re.compile("[\ud800-\udfff]")

BODY = "body"
"""Stands for the whole body where no field is at fault."""

_TIME = (
    "不是有效的时间 | not a valid moment",
    "使用 ISO 8601，例如 2026-10-03T14:00:00+08:00，或省略 | use ISO 8601, e.g. 2026-10-03T14:00:00+08:00, or leave it out",
)
_BLANK = ("不能为空 | must not be blank", "填写来源系统中的值 | send the value of the source system")
_LONG = ("超过 {limit} 个字符 | longer than {limit} characters", "缩短该字段 | shorten the field")

_SAYINGS: Final[dict[str, tuple[str, str]]] = {
    # pydantic's names
    "missing": ("缺少该字段 | the field is missing", "补上该字段 | add the field"),
    "string_type": ("必须是字符串 | must be a string", "用引号括起该值 | put the value in quotes"),
    "string_too_short": _BLANK,
    "string_too_long": _LONG,
    "string_pattern_mismatch": (
        "含有控制字符 | has control characters",
        "去掉换行、制表符等控制字符 | remove line breaks, tabs and the like",
    ),
    "string_unicode": (
        "含有半个代理对（\\ud800–\\udfff） | has half of a surrogate pair (\\ud800–\\udfff)",
        "按 UTF-8 重新编码 | encode the text as UTF-8 again",
    ),
    "model_type": (
        "必须是 JSON 对象 | must be a JSON object",
        "发送 {{…}}，字段见 /openapi.json | send {{…}}, see /openapi.json",
    ),
    "literal_error": ("不是可用的值 | is not one of the values", "可用：{limit} | one of: {limit}"),
    "list_type": ("必须是列表 | must be a list", "用方括号括起 | put it in brackets"),
    # ours
    "nul": ("含有空字符 U+0000 | has the character U+0000", "去掉该字符 | remove the character"),
    "duplicate": ("出现了不止一次 | occurs more than once", "每个字段只保留一个 | send each field once"),
    "list": ("必须是列表 | must be a list", '发送 {{"items": […]}} | send {{"items": […]}}'),
    "too_many": ("超过 {limit} 条 | more than {limit} items", "分批发送 | send several batches"),
    "json": ("不是有效的 JSON | is not valid JSON", "检查引号、逗号与转义 | check quotes, commas and escapes"),
    "object": ("必须是 JSON 对象 | must be a JSON object", "字段见 /openapi.json | see /openapi.json for the fields"),
    "nesting": ("嵌套过深 | is nested too deeply", "去掉多余的嵌套 | remove the nesting"),
    "encoding": (
        "不是 UTF-8 编码（可能是 GBK） | is not UTF-8 (it may be GBK)",
        "改用 UTF-8 编码发送 | send it as UTF-8",
    ),
}
_OTHERWISE = ("不符合接口要求 | does not fit", "字段见 /openapi.json | see /openapi.json")


def fault(field: str, kind: str, *, limit: object = "") -> Fault:
    """Say what is wrong with `field`; `kind` is a pydantic error type or one of ours."""
    what, remedy = _TIME if kind.startswith(("datetime", "timezone")) else _SAYINGS.get(kind, _OTHERWISE)
    return Fault(field, what.format(limit=limit), remedy.format(limit=limit))


def body_fault(kind: str) -> Fault:
    """Say what is wrong with the body as a whole."""
    return fault(BODY, kind)


def duplicate_field(name: str) -> Fault:
    """Say that `name` occurs twice: which of the two was meant cannot be told."""
    return fault(name, "duplicate")


def explain(error: ValidationError) -> tuple[Fault, ...]:
    """Say what pydantic found wrong, one fault per field."""
    return tuple(_explain(found) for found in error.errors(include_url=False, include_input=False))


def _explain(found: ErrorDetails) -> Fault:
    field = ".".join(map(str, found["loc"])) or BODY
    if found["type"] == "json_invalid":
        return _explain_json(str(found["ctx"]["error"]))
    context = found.get("ctx", {})
    return fault(field, found["type"], limit=context.get("max_length", context.get("expected", "")))


def _explain_json(message: str) -> Fault:
    kind = "json"
    if "recursion" in message:
        kind = "nesting"
    elif "hex escape" in message or "surrogate" in message:
        kind = "string_unicode"
    place = re.search(r"line \d+ column \d+", message)
    found = body_fault(kind)
    return Fault(found.field, f"{found.what} ({place[0]})", found.remedy) if place else found
