"""What a citizen asks for: complaint, report, enquiry, suggestion; several at once where the text does.

A text may say 举报 loosely and want a refund, or 投诉 and want a ban, so no single word decides: each word of a table,
and the domain, speak for and against each kind, and their weights are added up. The table is learnt from the starter set
by `training.written.request_words`, which also measures it; it is data, and readable. Where a text demands a remedy and demands
that the trader be dealt with, both in so many words, it is complaint and report, and has two procedures; where it
demands the second and expressly not the first, it is a report.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path

from features.codepoints import encode
from models.charter.articles import Request
from models.charter.hearing import NO_REMEDY, PENALTY, REMEDY, WEIGHED, Hearing, Weighed

TABLE = Path(__file__).parent / "data" / "requests.csv"
"""Columns: what (word, domain, bias), name, asks (see `Demand`), and the weight for each kind in hundredths."""

KINDS = (Request.COMPLAINT, Request.REPORT, Request.ENQUIRY, Request.SUGGESTION)
NO_DOMAIN = ""
"""The name under which the table tells what holds where the domain is not known."""

Weights = tuple[int, int, int, int]


_GREETING = re.compile(
    r"(?:[\W_]|[你您妳]们?好|[大各]家好|各位|哈喽|哈啰|嗨|喂|早上好|上午好|中午好|下午好|晚上好|早安|晚安|在吗|在么|在嗎|在不在|有人吗|有人嗎|有人在吗|"
    r"谢谢|謝謝|多谢|感谢|辛苦了?|打扰一?下?了?|麻烦了?|请问|請問|你们?|您们?|[啊呀哈嗯哦呢吧]|好的|再见|客服|工作人员|同志|领导|老师|"
    r"转?人工|测试|hello|hi|test)+",
    re.IGNORECASE,
)
GREETING_AT_MOST = 20
"""Characters of a text that may be nothing but a greeting."""


def is_greeting(text: str) -> bool:
    """Tell whether a text asks for nothing: it greets, thanks, or tries whether anybody is there."""
    return len(text) <= GREETING_AT_MOST and _GREETING.fullmatch(text) is not None and any(map(str.isalpha, text))


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
    """Tells kinds of request by a table; may be shared by threads.

    words, starts: what `Hearing` takes, for whoever hears more than this in one pass.
    """

    def __init__(self, table: RequestTable) -> None:
        demands = {Demand.REMEDY: REMEDY, Demand.PENALTY: PENALTY, Demand.NO_REMEDY: NO_REMEDY}
        self.words = {
            word: Weighed(weights, WEIGHED | demands[table.demands[word]] if word in table.demands else WEIGHED)
            for word, weights in table.words.items()
        }
        self.starts = {
            name: Weighed(_added(table.bias, weights), WEIGHED if name else 0)
            for name, weights in table.domains.items()
        }

    @cached_property
    def _hearing(self) -> Hearing:
        return Hearing(self.words, self.starts)

    def of(self, text: str, domain: str | None = None) -> tuple[Request, ...]:
        """Return the kinds of `text` (title and text, one after the other), never none, in the order of `KINDS`.

        domain: its code, where it is known; one that the table does not know counts as not known. OTHER: nothing in the
        text says anything, and no domain does, or it only greets.
        """
        if is_greeting(text):
            return (Request.OTHER,)
        return KINDS_HEARD[self._hearing.of(encode(text), 0, domain)[0]]


KINDS_HEARD: tuple[tuple[Request, ...], ...] = (
    (Request.OTHER,),
    *(tuple(kind for place, kind in enumerate(KINDS) if bits >> place & 1) for bits in range(1, 1 << len(KINDS))),
)
"""The kinds by the number that `Hearing.of` returns for them."""


def _added(one: Weights, other: Weights) -> Weights:
    a, b, c, d = (x + y for x, y in zip(one, other, strict=True))
    return a, b, c, d


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
