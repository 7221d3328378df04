"""Many regular expressions on one text, each tried only where a word that it cannot do without is there."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from models.charter.literals import needs
from models.prediction import made


class Match(NamedTuple):
    """Expression `number`, in the order given, matched `text[start:end]`."""

    number: int
    start: int
    end: int


class Expressions:
    """Expressions that compile, in the order in which their matches count; may be shared by threads.

    needs: for each the words that it cannot do without; nothing for one of which none is known, which is tried on every
    text, and costs the most.
    """

    def __init__(self, expressions: Iterable[str]) -> None:
        self._patterns = tuple(re.compile(expression) for expression in expressions)
        self.needs = tuple(needs(pattern.pattern) for pattern in self._patterns)

    def matches(self, text: str, tried: Iterable[int]) -> Iterator[Match]:
        """Yield the matches of the expressions with these numbers, which are all that can match."""
        for number in tried:
            for match in self._patterns[number].finditer(text):
                yield made(Match, (number, *match.span()))

    def in_text(self, text: str) -> Iterator[Match]:
        """Yield all matches, expression by expression."""
        return self.matches(text, range(len(self._patterns)))
