"""A bureau's YAML file made a charter, or all that keeps it from being one."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from models.charter.articles import (
    Charter,
    Clock,
    Condition,
    Department,
    Level,
    Office,
    PlaceName,
    Responsibility,
    Territory,
    UrgencyRule,
    Validity,
)
from models.charter.conforming import misfits
from models.charter.finding import Finding, error, in_words
from models.charter.route import Sentence
from models.charter.tree import Tree, Unreadable, tree_of
from models.charter.vocabulary import KINDS, OFFICE_KINDS, UNITS, office_of


class CharterUnreadable(ValueError):
    """A file that cannot be read as a charter, with every fault that was found, by line."""

    def __init__(self, name: str, faults: Sequence[Finding]) -> None:
        self.name = name
        self.faults = tuple(faults)
        super().__init__("\n".join(in_words(fault, name) for fault in self.faults))


def read_charter(text: str, name: str = "charter.yaml") -> Charter:
    """Read the charter that `text` describes; `name` is what its faults call the file.

    Raises:
        CharterUnreadable: it is no YAML, or not of the shape that data/charter.schema.json describes.

    """
    try:
        tree = tree_of(text)
    except Unreadable as unreadable:
        raise CharterUnreadable(name, unreadable.findings) from None
    faults = misfits(tree)
    if faults:
        raise CharterUnreadable(name, faults)
    return _charter(tree, hashlib.sha256(text.encode()).hexdigest())


def text_of(data: bytes, name: str = "charter.yaml") -> str:
    """Decode a charter's file, which is UTF-8 with or without a signature.

    Raises:
        CharterUnreadable: it is in another encoding.

    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        raise CharterUnreadable(name, (_encoding(line),)) from None


def _encoding(line: int) -> Finding:
    return error(
        "encoding",
        line,
        Sentence("不是 UTF-8 编码", "not encoded in UTF-8"),
        Sentence("请在编辑器里另存为 UTF-8", "Save it as UTF-8 in the editor"),
    )


def _charter(tree: Tree, digest: str) -> Charter:
    values = tree.values
    return Charter(
        name=values["name"],
        digest=digest,
        domains=tuple(values["domains"].items()),
        offices=tuple(_office(article, line) for article, line in _articles(tree, "offices")),
        responsibilities=tuple(_responsibility(article, line) for article, line in _articles(tree, "responsibilities")),
        territories=tuple(_territory(article, tree, i) for i, article in enumerate(values.get("territories", ()))),
        locality=tuple(values.get("locality", ())),
        conditions=tuple(
            Condition(article["code"], article["name"], tuple(article["terms"]), line)
            for article, line in _articles(tree, "conditions")
        ),
        departments=tuple(_department(article, line) for article, line in _articles(tree, "departments")),
        urgency=tuple(_urgency_rule(article, line) for article, line in _articles(tree, "urgency")),
        clocks=tuple(_clock(article, line) for article, line in _articles(tree, "clocks")),
    )


def _articles(tree: Tree, section: str) -> Iterator[tuple[Mapping[str, Any], int]]:
    for i, article in enumerate(tree.values.get(section, ())):
        yield article, tree.line((section, i))


def _validity(article: Mapping[str, Any]) -> Validity:
    since, until = (date.fromisoformat(article[key]) if key in article else None for key in ("since", "until"))
    return Validity(since, until)


def _office(article: Mapping[str, Any], line: int) -> Office:
    return Office(
        code=article["code"],
        name=article["name"],
        kind=OFFICE_KINDS[article["kind"]],
        aliases=tuple(article.get("aliases", ())),
        validity=_validity(article),
        successors=tuple(article.get("successors", ())),
        line=line,
    )


def _responsibility(article: Mapping[str, Any], line: int) -> Responsibility:
    return Responsibility(
        code=article["code"],
        domains=tuple(article["domains"]),
        lead=office_of(article["lead"]),
        kinds=tuple(KINDS[word] for word in article.get("kinds", ())),
        condition=article.get("condition"),
        places=tuple(article.get("places", ())),
        assisting=tuple(office_of(word) for word in article.get("assisting", ())),
        departments=tuple(article.get("departments", ())),
        without_place=article.get("without_place"),
        basis=article.get("basis", ""),
        validity=_validity(article),
        line=line,
    )


def _territory(article: Mapping[str, Any], tree: Tree, i: int) -> Territory:
    section = ("territories", i)
    return Territory(
        station=article["station"],
        names=tuple(_place(name, tree.line((*section, "names", j))) for j, name in enumerate(article["names"])),
        line=tree.line(section),
    )


def _place(article: str | Mapping[str, Any], line: int) -> PlaceName:
    if isinstance(article, str):
        return PlaceName(article, line=line)
    return PlaceName(
        name=article["name"],
        aliases=tuple(article.get("aliases", ())),
        second_sign=article.get("second_sign", False),
        excluded=tuple(article.get("excluded", ())),
        line=line,
    )


def _department(article: Mapping[str, Any], line: int) -> Department:
    return Department(
        code=article["code"],
        name=article["name"],
        terms=tuple(article["terms"]),
        keeps=tuple(article.get("keeps", ())),
        note=article.get("note", ""),
        line=line,
    )


def _urgency_rule(article: Mapping[str, Any], line: int) -> UrgencyRule:
    return UrgencyRule(
        code=article["code"],
        level=Level(article["level"]),
        name=article["name"],
        expressions=tuple(article["expressions"]),
        action=article["action"],
        line=line,
    )


def _clock(article: Mapping[str, Any], line: int) -> Clock:
    return Clock(
        code=article["code"],
        step=article["step"],
        kinds=tuple(KINDS[word] for word in article.get("kinds", ())),
        start=article["start"],
        amount=article["amount"],
        unit=UNITS[article["unit"]],
        basis=article["basis"],
        validity=_validity(article),
        local=article.get("local", False),
        unverified=article.get("unverified", False),
        line=line,
    )
