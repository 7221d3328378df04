"""Whether a file's values have the shape that the published schema promises; where not, in words for its author."""

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from models.charter.finding import Finding, error
from models.charter.route import Sentence
from models.charter.tree import MOST_FAULTS, Tree

SCHEMA = Path(__file__).parent / "data" / "charter.schema.json"

_TYPES = {
    "string": ("文字", "text"),
    "array": ("列表", "a list"),
    "object": ("若干“键: 值”", "keys with values"),
    "integer": ("整数", "a whole number"),
    "boolean": ("true 或 false", "true or false"),
}
_EMPTY = ("不能空着，代码首尾不能有空格", "It may not be empty, nor a code begin or end with a space")
_AT_LEAST_ONE = ("至少写一项", "Name at least one")
_REMEDIES = {
    "enum": ("可选：{}", "One of: {}"),
    "const": ("应为 {}", "It should be {}"),
    "format": ("日期请写成 2026-04-15，且要有这一天", "Write a day that exists as 2026-04-15"),
    "minItems": _AT_LEAST_ONE,
    "minProperties": _AT_LEAST_ONE,
    "minLength": _EMPTY,
    "pattern": _EMPTY,
    "minimum": ("至少 {}", "At least {}"),
    "maximum": ("最多 {}", "At most {}"),
    "maxLength": ("最多 {} 个字", "At most {} characters"),
}


def misfits(tree: Tree) -> tuple[Finding, ...]:
    """Return what does not conform to the schema, in the order of lines: the first MOST_FAULTS."""
    found = [finding for misfit in _validator().iter_errors(tree.values) for finding in _told(misfit, tree)]
    return tuple(sorted(found, key=lambda finding: finding.line)[:MOST_FAULTS])


@cache
def _validator() -> Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _told(misfit: ValidationError, tree: Tree) -> Iterator[Finding]:
    path = tuple(misfit.absolute_path)
    where = ".".join(str(step) for step in path if isinstance(step, str))
    if misfit.validator == "additionalProperties":
        known = sorted(misfit.schema.get("properties", {}))
        for key in sorted(set(misfit.instance) - set(known)):
            yield _unknown_key(tree.line((*path, key)), key, known)
    elif misfit.validator == "required":
        missing = [key for key in misfit.validator_value if key not in misfit.instance]
        if misfit.message.startswith(repr(missing[0])):
            yield _missing(tree.line(path), missing)
    else:
        yield error("shape", tree.line(path), *_reason(misfit, where))


def _unknown_key(line: int, key: str, known: Sequence[str]) -> Finding:
    near = get_close_matches(key, known, n=1)
    zh, en = (f"是不是 {near[0]}？", f"Did you mean {near[0]}? ") if near else ("", "")
    return error(
        "unknown_key",
        line,
        Sentence(f"不认识的键“{key}”", f"unknown key {key!r}"),
        Sentence(f"{zh}可用：{'、'.join(known)}", f"{en}Known here: {', '.join(known)}"),
    )


def _missing(line: int, keys: Sequence[str]) -> Finding:
    return error(
        "missing_key",
        line,
        Sentence(f"缺少 {'、'.join(keys)}", f"{', '.join(keys)} missing"),
        Sentence("请补上", "Add it"),
    )


def _reason(misfit: ValidationError, where: str) -> tuple[Sentence, Sentence]:
    value = _shown(misfit.instance)
    wrong = Sentence(f"{where or '文件'} 的值不合适：{value}", f"{where or 'the file'} cannot be {value}")
    if misfit.validator == "type":
        return wrong, _type_asked(misfit.validator_value)
    expected = misfit.validator_value
    listed = expected if isinstance(expected, list) else [expected]
    zh, en = _REMEDIES.get(str(misfit.validator), ("请对照 charter.schema.json", "See charter.schema.json"))
    return wrong, Sentence(zh.format("、".join(map(str, listed))), en.format(", ".join(map(str, listed))))


def _type_asked(types: str | list[str]) -> Sentence:
    names = [types] if isinstance(types, str) else types
    zh = "或".join(_TYPES[name][0] for name in names)
    en = " or ".join(_TYPES[name][1] for name in names)
    return Sentence(
        f"这里应为{zh}；像数字的代码请加引号", f"It should be {en}; put a code that looks like a number in quotes"
    )


def _shown(value: Any) -> str:
    if value is None:
        return "空 (nothing)"
    if isinstance(value, list | dict):
        return f"{len(value)} 项 (a {'list' if isinstance(value, list) else 'mapping'})"
    return str(value)[:40]
