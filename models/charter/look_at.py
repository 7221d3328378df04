"""Facts in a text that only a person may judge: shown as what the text says, never as a label or a score.

Grounds for not accepting a complaint, in 市场监督管理投诉举报处理办法 (Order 121), articles 16 and 17 as this project's
domain notes give them: (二) already dealt with by a court, an arbitrator or another body, (三) not for one's own
consumption, (四) more than three years ago; a named respondent and a concrete request are among the elements that a
complaint needs. The wording of the order itself has not been checked here: unverified, for the bureau to confirm.
Signs of professional claimants have no definition in law at all; several together are shown, one alone is common.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.charter.assertion import is_denied
from models.charter.expressions import Expressions
from models.charter.route import Sentence

TABLE = Path(__file__).parent / "data" / "look_at.csv"
"""Columns: fact, what it is in Chinese and English, how many of its signs have to be there, sign, expression."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a person should look at where `least` different signs of it are there."""

    code: str
    zh: str
    en: str
    least: int


@dataclass(frozen=True, slots=True)
class Sign:
    """An expression for a sign of a fact; several expressions may stand for one sign."""

    fact: Fact
    name: str
    expression: str


class FactsToLookAt:
    """Finds facts by their signs; may be shared by threads."""

    def __init__(self, signs: Iterable[Sign]) -> None:
        self._signs = tuple(signs)
        self.expressions = Expressions(sign.expression for sign in self._signs)

    def of(self, text: str) -> tuple[Sentence, ...]:
        """Return a sentence for each fact that the text mentions and does not deny, quoting it, in the order of the table."""
        return self.of_tried(text, range(len(self._signs)))

    def of_tried(self, text: str, tried: Iterable[int]) -> tuple[Sentence, ...]:
        """Return the same where no signs but those with these numbers can be in the text."""
        quoted: dict[Fact, dict[str, str]] = {}
        for number, start, end in self.expressions.matches(text, tried):
            sign = self._signs[number]
            quotes = quoted.setdefault(sign.fact, {})
            if sign.name not in quotes and not is_denied(text, start, end):
                quotes[sign.name] = text[start:end]
        return tuple(_sentence(fact, quotes.values()) for fact, quotes in quoted.items() if len(quotes) >= fact.least)


def facts_to_look_at(text: str) -> tuple[Sentence, ...]:
    """Return what a person should look at in `text` (title and text, one after the other)."""
    return shipped_facts().of(text)


@cache
def shipped_facts() -> FactsToLookAt:
    """Return the facts of the table that ships, read when first asked for."""
    rows = csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())
    return FactsToLookAt(
        Sign(Fact(row["fact"], row["zh"], row["en"], int(row["least"])), row["sign"], row["expression"]) for row in rows
    )


def _sentence(fact: Fact, quotes: Iterable[str]) -> Sentence:
    quoted = "、".join(f"“{quote}”" for quote in quotes)
    return Sentence(
        zh=f"文中提到{quoted}：{fact.zh}，请人工判断",
        en=f"The text mentions {quoted}: {fact.en}; for a person to judge",
    )
