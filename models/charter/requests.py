"""What a citizen asks for: complaint, report, enquiry, suggestion; several at once where the text does.

A text may say 举报 loosely and want a refund, or 投诉 and want a ban, so no single word decides: each word of a table,
and the domain, speak for and against each kind, and their weights are added up. The table is learnt from the starter set
by `training.request_words`, which also measures it; it is data, and readable. Where a text demands a remedy and demands
that the trader be dealt with, both in so many words, it is complaint and report, and has two procedures; where it
demands the second and expressly not the first, it is a report.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from itertools import compress, product
from pathlib import Path

from models.charter.articles import Request
from models.charter.words import Words

TABLE = Path(__file__).parent / "data" / "requests.csv"
"""Columns: what (word, domain, bias), name, asks (see `Demand`), and the weight for each kind in hundredths."""

KINDS = (Request.COMPLAINT, Request.REPORT, Request.ENQUIRY, Request.SUGGESTION)
NO_DOMAIN = ""
"""The name under which the table tells what holds where the domain is not known."""

BOTH_CLEAR = 80
"""Hundredths by which a text has to speak for complaint and for report to be taken as both; less is doubt, not two."""

Weights = tuple[int, int, int, int]

# All that is added up over the words of a text stands in one number, so that it is one addition: from the lowest bits
# up the weights of the four kinds, how many words, how many of them demand a penalty, and what a listener counts.
_BITS = 20
_LANE = (1 << _BITS) - 1
_ZERO = 1 << (_BITS - 1)
"""Of a lane of weights, which may go below nothing."""
_REPORT, _ENQUIRY, _SUGGESTION, _WORD, _PENALTY, OWN = (place * _BITS for place in range(1, 7))
_ZEROS = _ZERO | _ZERO << _REPORT | _ZERO << _ENQUIRY | _ZERO << _SUGGESTION


class Demand(StrEnum):
    """What some words demand outright: a remedy, a penalty, or expressly no remedy."""

    REMEDY = "complaint"
    PENALTY = "report"
    NO_REMEDY = "no remedy"


@dataclass(frozen=True, slots=True)
class RequestTable:
    """Weights in hundredths of a logit, in the order of `KINDS`."""

    words: Mapping[str, Weights]
    demands: Mapping[str, Demand]
    domains: Mapping[str, Weights]
    bias: Weights


class Requests:
    """Tells kinds of request by a table; may be shared by threads."""

    def __init__(self, table: RequestTable) -> None:
        self.words = tuple(table.words)
        """What to look for in a text."""
        self._remedies, self._penalties, self._no_remedy = (
            frozenset(place for place, word in enumerate(self.words) if table.demands.get(word) is demand)
            for demand in Demand
        )
        self.tallies = tuple(
            _packed(weights) + (1 << _WORD) + ((place in self._penalties) << _PENALTY)
            for place, weights in enumerate(table.words.values())
        )
        """What each word adds to a `total`; from bit OWN up there is nothing."""
        self._starts = {
            name: _ZEROS + _packed(table.bias) + _packed(weights) for name, weights in table.domains.items()
        }

    @cached_property
    def automaton(self) -> Words:
        """The pass over a text, for whoever makes none of their own."""
        return Words(self.words)

    def of(self, text: str, domain: str | None = None) -> tuple[Request, ...]:
        """Return the kinds of `text` (title and text, one after the other), never none, in the order of `KINDS`.

        domain: its code, where it is known; one that the table does not know counts as not known. OTHER: nothing in the
        text says anything, and no domain does.
        """
        return self.of_words({word for word, _, _ in self.automaton.in_text(text)}, domain)

    def of_words(self, found: set[int], domain: str | None) -> tuple[Request, ...]:
        """Return the same where it is known which of `words` the text has."""
        return self.of_total(sum(map(self.tallies.__getitem__, found)), found, domain)

    def of_total(self, total: int, found: set[int], domain: str | None) -> tuple[Request, ...]:
        """Return the same where their `tallies` are added up; `found` may have numbers of other words, above these."""
        start = self._starts.get(domain or NO_DOMAIN)
        if start is None or not domain:
            if not total + _ZEROS >> _WORD & _LANE:
                return (Request.OTHER,)
            start = self._starts[NO_DOMAIN]
        total += start
        complaint = (total & _LANE) - _ZERO
        report = (total >> _REPORT & _LANE) - _ZERO
        enquiry = (total >> _ENQUIRY & _LANE) - _ZERO
        suggestion = (total >> _SUGGESTION & _LANE) - _ZERO
        if total >> _PENALTY & _LANE:
            if not found.isdisjoint(self._no_remedy):
                complaint, report = min(complaint, 0), max(report, 1)
            elif not found.isdisjoint(self._remedies):
                complaint, report = max(complaint, BOTH_CLEAR), max(report, BOTH_CLEAR)
        return kinds_of((complaint, report, enquiry, suggestion))


def kinds_of(scores: tuple[int, int, int, int]) -> tuple[Request, ...]:
    """Return the kinds whose score, in hundredths of a logit, is above 0; the best where none is.

    Complaint and report together only where both are clear: between the two a text that is neither is the commoner case.
    """
    complaint, report, enquiry, suggestion = scores
    if complaint > 0 and report > 0 and min(complaint, report) < BOTH_CLEAR:
        if complaint < report:
            complaint = 0
        else:
            report = 0
    found = _COMBINED[complaint > 0, report > 0, enquiry > 0, suggestion > 0]
    return found or (KINDS[scores.index(max(scores))],)


_COMBINED = {told: tuple(compress(KINDS, told)) for told in product((False, True), repeat=len(KINDS))}


def _packed(weights: Weights) -> int:
    return sum(weight << place * _BITS for place, weight in enumerate(weights))


def requests_of(text: str, domain: str | None = None) -> tuple[Request, ...]:
    """Return the kinds of request of `text` by the table that ships; see `Requests.of`."""
    return shipped().of(text, domain)


@cache
def shipped() -> Requests:
    """Return the table that ships, read when first asked for."""
    return Requests(read_table(TABLE.read_text(encoding="utf-8").splitlines()))


def read_table(lines: Iterable[str]) -> RequestTable:
    """Read a table as `TABLE` describes it."""
    parts: dict[str, dict[str, Weights]] = {"word": {}, "domain": {}, "bias": {}}
    demands = {}
    for row in csv.DictReader(lines):
        a, b, c, d = (int(row[kind]) for kind in KINDS)
        parts[row["what"]][row["name"]] = (a, b, c, d)
        if row["asks"]:
            demands[row["name"]] = Demand(row["asks"])
    [bias] = parts["bias"].values()
    return RequestTable(parts["word"], demands, parts["domain"], bias)
