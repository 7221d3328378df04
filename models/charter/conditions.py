"""Which of a charter's conditions a text meets: made and not sold, in a canteen, on a platform."""

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
        self._words = Words(ranks)
        self._ranks = tuple(ranks.values())

    def of(self, text: str) -> str | None:
        """Return the code of the first condition, in the charter's order, one of whose terms the text has undenied."""
        if not self._ranks:
            return None
        found = self._words.in_text(text)
        if not found:
            return None
        for rank, start, end in sorted((self._ranks[word], start, end) for word, start, end in found):
            if not is_denied(text, start, end):
                return self._codes[rank]
        return None
