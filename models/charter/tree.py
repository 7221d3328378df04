"""A YAML text as plain values that know their lines. Nothing is constructed but strings, numbers, lists and mappings.

Tags, anchors and references are refused, so that a file means what it says at the place where it says it and cannot
grow in memory beyond its length.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError
from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    BlockEndToken,
    BlockMappingStartToken,
    BlockSequenceStartToken,
    DirectiveToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    TagToken,
)

from models.charter.finding import Finding, error
from models.charter.route import Sentence

LONGEST = 1 << 18
"""Characters of the longest charter that is read."""

MOST_FAULTS = 100
"""As many are told of one file."""

DEEPEST = 12
"""Levels of lists and mappings in one another; the schema needs 6."""

Path = tuple[str | int, ...]
_OPENING = (BlockMappingStartToken, BlockSequenceStartToken, FlowMappingStartToken, FlowSequenceStartToken)
_CLOSING = (BlockEndToken, FlowMappingEndToken, FlowSequenceEndToken)
_DECIMAL = re.compile(r"-?(0|[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class Tree:
    """The values of a file, and the line of each by its path (keys and positions from the root)."""

    values: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Line of the value at `path`, or of what holds it where the path leads nowhere."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):
    """A text that is no charter's YAML, with the reasons."""

    findings: tuple[Finding, ...]


def tree_of(text: str) -> Tree:
    """Parse `text`.

    Raises:
        Unreadable: it is too long, not YAML, uses tags, anchors or references, or names a key twice.

    """
    if len(text) > LONGEST:
        raise Unreadable((_too_long(len(text)),))
    try:
        refused = tuple(islice(_refused(text), MOST_FAULTS))
        if refused:
            raise Unreadable(refused)
        yaml = YAML(typ="rt")
        yaml.allow_duplicate_keys = True  # all of them are told at once, below
        node = yaml.compose(text)
        if node is None:
            raise Unreadable((_empty(),))
        lines: dict[Path, int] = {}
        faults: list[Finding] = []
        values = _plain(node, (), lines, faults)
    except ReaderError as strange:
        raise Unreadable((_strange(text, strange.position),)) from None
    except MarkedYAMLError as refusal:
        raise Unreadable((_no_yaml(text, refusal),)) from None
    except (YAMLError, ValueError):
        raise Unreadable((_unparsable(),)) from None
    if faults:
        raise Unreadable(tuple(faults[:MOST_FAULTS]))
    return Tree(values, lines)


def _refused(text: str) -> Iterator[Finding]:
    depth = 0
    for token in YAML(typ="rt").scan(text):
        depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if depth > DEEPEST:
            raise Unreadable((_too_deep(token.start_mark.line + 1),))
        if isinstance(token, TagToken | AnchorToken | AliasToken | DirectiveToken):
            line = token.start_mark.line + 1
            start = token.start_mark.index
            written = text[start : start + 40].partition("\n")[0]
            yield error(
                "yaml_feature",
                line,
                Sentence(
                    f"用了 YAML 的标签、锚点、引用或指令：{written}",
                    f"a YAML tag, anchor, reference or directive: {written}",
                ),
                Sentence(
                    "请直接写出内容；以 !、&、*、% 开头的文字请加引号",
                    "Write the content itself; put text that begins with !, &, * or % in quotes",
                ),
            )


def _plain(node: Node, path: Path, lines: dict[Path, int], faults: list[Finding]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, ScalarNode):
        if node.style in {"'", '"'} and node.end_mark.line > node.start_mark.line:
            faults.append(_open_quote(node.start_mark.line + 1))
        return _scalar(node)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, i), lines, faults) for i, item in enumerate(node.value)]
    assert isinstance(node, MappingNode)
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            faults.append(_no_key(line))
            continue
        key = str(key_node.value)
        if key in values:
            faults.append(_twice(line, key, lines[(*path, key)]))
            continue
        values[key] = _plain(value_node, (*path, key), lines, faults)
        lines[(*path, key)] = line
    return values


def _scalar(node: ScalarNode) -> Any:
    text = str(node.value)
    match str(node.tag).removeprefix("tag:yaml.org,2002:"):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if _DECIMAL.fullmatch(text):
            return int(text)
        case _:  # a day, and a code such as 001 or 1_000, keep their characters
            return text


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _too_long(length: int) -> Finding:
    return error(
        "too_long",
        0,
        Sentence(f"文件有 {length} 个字符，超过 {LONGEST}", f"{length} characters, more than {LONGEST}"),
        Sentence("请确认选对了文件", "Make sure that it is the right file"),
    )


def _empty() -> Finding:
    return error(
        "empty",
        0,
        Sentence("文件里没有内容", "the file is empty"),
        Sentence("可从随附的示范章程改起", "Start from the demo charter that is shipped"),
    )


def _strange(text: str, position: int) -> Finding:
    character = text[position] if position < len(text) else "\ufffd"
    return error(
        "strange_character",
        _line_at(text, position),
        Sentence(
            f"有不可见的控制字符 U+{ord(character):04X}", f"an invisible control character U+{ord(character):04X}"
        ),
        Sentence("请删去它，并以 UTF-8 保存", "Delete it, and save the file as UTF-8"),
    )


def _no_yaml(text: str, refusal: MarkedYAMLError) -> Finding:
    mark = refusal.problem_mark or refusal.context_mark
    line = mark.line + 1 if mark else 0
    rows = text.splitlines()
    written = rows[line - 1] if 0 < line <= len(rows) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "\\t" in str(refusal.problem):
        return error(
            "tab",
            line,
            Sentence("用了制表符缩进", "indented by a tab"),
            Sentence("缩进请用空格，每层两个", "Indent by spaces, two for each level"),
        )
    return error(
        "yaml",
        line,
        Sentence(
            f"不是合法的 YAML：{written.strip()[:40]}",
            f"not YAML ({refusal.problem or refusal.context}): {written.strip()[:40]}",
        ),
        Sentence(
            "请看这一行和上一行：冒号后要有空格，括号和引号要成对，同级的缩进要对齐",
            "See this line and the one above: a space after each colon, brackets and quotes in pairs, equal indentation",
        ),
    )


def _unparsable() -> Finding:
    return error(
        "yaml",
        0,
        Sentence("不是合法的 YAML", "not YAML"),
        Sentence("可从随附的示范章程改起", "Start from the demo charter that is shipped"),
    )


def _too_deep(line: int) -> Finding:
    return error(
        "too_deep",
        line,
        Sentence(f"嵌套超过 {DEEPEST} 层", f"nested more than {DEEPEST} levels deep"),
        Sentence("可从随附的示范章程改起", "Start from the demo charter that is shipped"),
    )


def _no_key(line: int) -> Finding:
    return error(
        "key",
        line,
        Sentence("冒号前不是一个词", "what stands before the colon is not a word"),
        Sentence("键请用示范章程里的英文词", "Use the words of the demo charter as keys"),
    )


def _open_quote(line: int) -> Finding:
    return error(
        "open_quote",
        line,
        Sentence("引号里的文字跨了几行", "a text in quotes runs over several lines"),
        Sentence("引号要成对，并写在一行里", "Close the quotes, on the line where they open"),
    )


def _twice(line: int, key: str, before: int) -> Finding:
    return error(
        "duplicate_key",
        line,
        Sentence(f"“{key}”写了两次，上一次在第 {before} 行", f"{key!r} a second time, first in line {before}"),
        Sentence("只留一处", "Keep one of them"),
    )
