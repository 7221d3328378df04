"""Which of a charter's conditions a text meets: made and not sold, in a canteen, on a platform."""

from collections.abc import Iterable
from functools import cached_property

from models.charter.articles import Charter
from models.charter.assertion import is_denied
from models.charter.words import Words


class ConditionFinder:
    """The conditions of one charter; may be shared by threads."""

    def __init__(self, charter: Charter) -> None:
        self._codes = tuple(condition.code for condition in charter.conditions)
        ranks: dict[str, int] = {}
        for rank, condition in enumerate(charter.conditions):
            for term in condition.terms:
                ranks.setdefault(term, rank)
        self.words = tuple(ranks)
        """What to look for in a text."""
        self._ranks = tuple(ranks.values())

    @cached_property
    def automaton(self) -> Words:
        """The pass over a text, for whoever makes none of their own."""
        return Words(self.words)

    def of(self, text: str) -> str | None:
        """Return the code of the first condition, in the charter's order, one of whose terms the text has undenied."""
        return self.of_found(text, self.automaton.in_text(text))

    def of_found(self, text: str, found: Iterable[tuple[int, int, int]]) -> str | None:
        """Return the same where it is known which of `words` are found in `text`, from where, to where."""
        for rank, start, end in sorted((self._ranks[word], start, end) for word, start, end in found):
            if not is_denied(text, start, end):
                return self._codes[rank]
        return None
