"""Which of a charter's conditions a text meets: made and not sold, in a canteen, on a platform."""

from collections.abc import Iterable

from models.charter.articles import Charter
from models.charter.assertion import is_denied


class ConditionFinder:
    """The conditions of one charter; may be shared by threads.

    needs: for each the terms of which it needs one.
    """

    def __init__(self, charter: Charter) -> None:
        self._conditions = charter.conditions
        self.needs = tuple((frozenset(condition.terms),) for condition in charter.conditions)

    def of(self, text: str) -> str | None:
        """Return the code of the first condition, in the charter's order, one of whose terms the text has undenied."""
        return self.of_tried(text, range(len(self._conditions)))

    def of_tried(self, text: str, tried: Iterable[int]) -> str | None:
        """Return the same where the text has terms of no conditions but those with these numbers, in order."""
        for number in tried:
            condition = self._conditions[number]
            for term in condition.terms:
                at = text.find(term)
                while at >= 0:
                    if not is_denied(text, at, at + len(term)):
                        return condition.code
                    at = text.find(term, at + 1)
        return None
