"""Many regular expressions on one text, each tried only where a word that it cannot do without is there."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from models.charter.literals import needs
from models.charter.words import Words


class Match(NamedTuple):
    """Expression `number`, in the order given, matched `text[start:end]`."""

    number: int
    start: int
    end: int


class Expressions:
    """Expressions that compile, in the order in which their matches count; may be shared by threads."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._patterns = tuple(re.compile(expression) for expression in expressions)
        tried_by: dict[str, list[int]] = {}
        always = []
        also: list[re.Pattern[str] | None] = []
        for number, pattern in enumerate(self._patterns):
            needed = needs(pattern.pattern)
            for word in sorted(needed[0]) if needed else ():
                tried_by.setdefault(word, []).append(number)
            if not needed:
                always.append(number)
            # plain words in a row are found several times as fast as what stands between them
            also.append(re.compile("|".join(map(re.escape, sorted(needed[1])))) if len(needed) > 1 else None)
        self._also = tuple(also)
        self.words = tuple(tried_by)
        """What to look for in a text."""
        self._tried_by = tuple(tuple(numbers) for numbers in tried_by.values())
        self.always = frozenset(always)
        """Expressions of which no word is known, tried on every text: they cost the most."""

    @cached_property
    def automaton(self) -> Words:
        """The pass over a text, for whoever makes none of their own."""
        return Words(self.words)

    def matches(self, text: str, found: Iterable[int]) -> Iterator[Match]:
        """Yield the matches of the expressions that `found`, the numbers of the words found, gives reason to try."""
        tried = set(self.always)
        for word in found:
            tried.update(self._tried_by[word])
        for number in sorted(tried):
            also = self._also[number]
            if also is not None and also.search(text) is None:
                continue
            for match in self._patterns[number].finditer(text):
                yield Match(number, match.start(), match.end())

    def in_text(self, text: str) -> Iterator[Match]:
        """Yield all matches, expression by expression."""
        return self.matches(text, [word for word, _, _ in self.automaton.in_text(text)])
