"""A charter's text with one article changed: comments, order and quotes stay as its author wrote them."""

from collections.abc import Mapping
from datetime import date
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

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


def changed(text: str, section: str, code: str, values: Mapping[str, Value | None]) -> str:
    """Return `text` with `values` set in the article `code` of `section`; None takes a key away.

    section: a key of the file that holds a list, such as `offices`; an article of `territories` goes by its station.
    The result may be a charter that `check` refuses, or one that cannot be read: whoever stores it asks.

    Raises:
        CharterUnreadable: `text` is no charter.
        UnknownArticle: there is no such article.

    """
    read_charter(text)
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = len(text) + 1  # no line is broken anew
    yaml.indent(mapping=2, sequence=4, offset=2)
    file = yaml.load(text)
    key = "station" if section == "territories" else "code"
    articles = [article for article in file.get(section, ()) if article[key] == code]
    if not articles:
        raise UnknownArticle(section, code)
    for name, value in values.items():
        if value is None:
            articles[0].pop(name, None)
        else:
            articles[0][name] = _in_a_line(value) if isinstance(value, tuple) else value
    written = StringIO()
    yaml.dump(file, written)
    return written.getvalue()


def _in_a_line(values: tuple[str, ...]) -> CommentedSeq:
    listed = CommentedSeq(values)
    listed.fa.set_flow_style()
    return listed
