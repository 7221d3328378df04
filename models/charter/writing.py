"""A charter's text with one article changed: every other character, and with it every comment, stays as it was.

ruamel's own rewriting keeps most comments, but moves some and joins lines where a quoted value is followed by a comment;
so only the places that change are written anew, where ruamel's parser says that they are.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from io import StringIO
from json import dumps
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, SequenceNode

from models.charter.reading import read_charter

Value = str | int | bool | date | tuple[str, ...]


class UnknownArticle(KeyError):
    """A section has no article of that code."""

    def __init__(self, section: str, code: str) -> None:
        self.section = section
        self.code = code
        super().__init__(
            f"{section} 里没有 {code}，请核对代码 / {section} has no {code}: see the codes of that section"
        )


class _Edit(NamedTuple):
    start: int
    end: int
    written: str


def changed(text: str, section: str, code: str, values: Mapping[str, Value | None]) -> str:
    """Return `text` with `values` set in the article `code` of `section`; None takes a key away.

    section: a key of the file that holds a list, such as `offices`; an article of `territories` goes by its station.
    The result may be a charter that `check` refuses, or one that cannot be read: whoever stores it asks.

    Raises:
        CharterUnreadable: `text` is no charter.
        UnknownArticle: there is no such article.

    """
    read_charter(text)
    article = _article(YAML(typ="rt").compose(text), section, code)
    edits = sorted(_edits(text, article, values), reverse=True)
    for edit in edits:
        text = text[: edit.start] + edit.written + text[edit.end :]
    return text


def _article(root: Node, section: str, code: str) -> MappingNode:
    key = "station" if section == "territories" else "code"
    for name, articles in root.value:
        if name.value == section and isinstance(articles, SequenceNode):
            for article in articles.value:
                if isinstance(article, MappingNode) and any(
                    k.value == key and v.value == code for k, v in article.value
                ):
                    return article
    raise UnknownArticle(section, code)


def _edits(text: str, article: MappingNode, values: Mapping[str, Value | None]) -> Iterator[_Edit]:
    entries: Sequence[tuple[Node, Node]] = article.value
    places = {key.value: place for place, (key, _) in enumerate(entries)}
    new = {name: value for name, value in values.items() if name not in places and value is not None}
    for name, value in values.items():
        if name in places and value is not None:
            node = entries[places[name]][1]
            yield _Edit(node.start_mark.index, _end(text, node), _like(node, value))
        elif name in places:
            yield _without(text, article, places[name])
    if new:
        end = _end(text, entries[-1][1])
        if article.flow_style:
            yield _Edit(end, end, "".join(f", {name}: {_written(value)}" for name, value in new.items()))
        else:
            end = _end_of_line(text, end)
            indent = "\n" + " " * entries[0][0].start_mark.column
            yield _Edit(end, end, "".join(f"{indent}{name}: {_written(value)}" for name, value in new.items()))


def _without(text: str, article: MappingNode, place: int) -> _Edit:
    key, value = article.value[place]
    start, end = key.start_mark.index, _end(text, value)
    if article.flow_style and place > 0:
        return _Edit(_end(text, article.value[place - 1][1]), end, "")
    if article.flow_style or place == 0:
        following = article.value[place + 1][0].start_mark.index if place + 1 < len(article.value) else end
        return _Edit(start, following, "")
    if text[end : _end_of_line(text, end)].strip():  # a comment beside it stays, on a line of its own
        return _Edit(start, end, "")
    return _Edit(text.rindex("\n", 0, start), _end_of_line(text, end), "")


def _end(text: str, node: Node) -> int:
    """Where the last character of `node` is, not that of the comments after it, as the parser's mark does."""
    if isinstance(node, CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    return len(text[: node.end_mark.index].rstrip())


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _like(node: Node, value: Value) -> str:
    """Write `value` in the place of `node`: one item to a line where that was so."""
    if isinstance(node, SequenceNode) and not node.flow_style and isinstance(value, tuple) and value:
        indent: str = "\n" + " " * node.start_mark.column
        return indent.join(f"- {_written(item)}" for item in value)
    return _written(value)


def _written(value: Value) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = True
    yaml.width = 1 << 30  # in one line
    meant = [list(value) if isinstance(value, tuple) else value]
    written = StringIO()
    yaml.dump(meant, written)
    if yaml.load(written.getvalue()) == meant:
        return written.getvalue().strip()[1:-1]
    # ruamel leaves the quotes off "?0" in a list, and reads a mapping; only strings have such forms, and JSON's are YAML's
    return dumps(meant, ensure_ascii=False)[1:-1]
