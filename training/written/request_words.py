"""Learns the words of `models.charter.requests` from the starter set, and measures what they are worth.

python -m training.written.request_words            five folds of authors' batches: precision, recall, F1, exact match
python -m training.written.request_words --write    learns from all of it and writes the table that ships
"""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from models.charter.articles import Request
from models.charter.requests import KINDS, NO_DOMAIN, TABLE, Demand, Requests, RequestTable, Weights, read_table
from training.written.starter import starter_files

KIND_NAMES = dict(zip(("投诉", "举报", "咨询", "意见建议"), KINDS, strict=True))

FOLDS = 5
LONGEST = 4
RAREST = 4
"""Texts that a word has to be in."""

COMMONEST = 0.12
"""Share of texts that a single character may be in: the commoner ones say little and cost time."""

SINGLE = 0.4
"""How much a single character counts while words are chosen, for the same reason."""

_NO_WORD = re.compile(r"[\s\d，。、；：“”‘’\"'（）()《》【】「」,.;:…—~!！]")
"""How authors set their marks is not what they ask for; a question mark is."""

CHOOSING = 2.0
LEARNING = 3.0
WORD, NAMED, DOMAIN = 0.2, 0.4, 0.7
"""How freely a word, a word named below, and a domain may be weighted: the scale of its column."""

NAMED_WORDS = Path(__file__).parent / "request_words.csv"
"""What is asked for, and what is expressly not, in so many words: the denial of a word is a word of its own."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One ticket of the starter set: title and text as `Requests.of` reads them."""

    text: str
    domain: str
    batch: int
    kinds: tuple[Request, ...]


def named_words() -> dict[str, Demand | None]:
    """Return the words that are weighed whether or not the starter set shows enough of them, and what they demand."""
    rows = csv.DictReader(NAMED_WORDS.read_text(encoding="utf-8").splitlines())
    return {row["word"]: Demand(row["asks"]) if row["asks"] else None for row in rows}


def labelled_tickets() -> tuple[Labelled, ...]:
    """Read the starter set. Kinds come in the order of `KINDS`."""
    found = []
    for file in starter_files():
        for row in csv.DictReader(StringIO(file.read_text(encoding="utf-8-sig"))):
            told = {KIND_NAMES[name] for name in row["kind"].split("|")}
            kinds = tuple(kind for kind in KINDS if kind in told)
            found.append(Labelled(f"{row['title']}\n{row['text']}", row["domain"], int(row["batch"]), kinds))
    return tuple(found)


def learn(tickets: Sequence[Labelled]) -> RequestTable:
    """Choose words (L1) and weigh them and the domains (L2), a logistic regression per kind; each kind has to occur.

    Every ticket stands there twice, with its domain and without, so that the words also do without.
    """
    texts = [ticket.text for ticket in tickets]
    domains = sorted({ticket.domain for ticket in tickets})
    told = np.array([[kind in ticket.kinds for kind in KINDS] for ticket in tickets])
    by_domain = sparse.csr_matrix([[float(ticket.domain == name) for name in domains] for ticket in tickets])
    words, present = _chosen(texts, by_domain, told)

    named = named_words()
    scale = np.array([NAMED if word in named else WORD for word in words])
    scaled = present @ sparse.diags(scale)
    nowhere = sparse.csr_matrix(by_domain.shape)
    ones, zeros = np.ones((len(texts), 1)), sparse.csr_matrix((len(texts), 1))
    columns = sparse.vstack(
        [sparse.hstack([scaled, by_domain * DOMAIN, zeros]), sparse.hstack([scaled, nowhere, ones * DOMAIN])]
    ).tocsr()
    scale = np.concatenate([scale, np.full(len(domains) + 1, DOMAIN)])
    weights, bias = [], []
    for of_kind in told.T:
        fitted = LogisticRegression(C=LEARNING, solver="liblinear").fit(columns, np.concatenate([of_kind, of_kind]))
        weights.append(fitted.coef_[0] * scale)
        bias.append(fitted.intercept_[0])
    rows = [_hundredths(row) for row in np.array(weights).T]
    demands = {word: demand for word, demand in named.items() if demand is not None}
    weighed = {word: row for word, row in zip(words, rows, strict=False) if any(row) or word in demands}
    return RequestTable(
        weighed, demands, dict(zip([*domains, NO_DOMAIN], rows[len(words) :], strict=True)), _hundredths(np.array(bias))
    )


def _chosen(texts: Sequence[str], by_domain: object, told: np.ndarray) -> tuple[list[str], sparse.csr_matrix]:
    """The words that say something about a kind beyond what the domain says, and which text has which."""
    counted = CountVectorizer(analyzer="char", ngram_range=(1, LONGEST), min_df=RAREST, lowercase=False).fit(texts)
    spread = Counter(character for text in texts for character in set(text))
    common = [
        word
        for word in counted.get_feature_names_out()
        if not _NO_WORD.search(word) and (len(word) > 1 or spread[word] <= COMMONEST * len(texts))
    ]
    named = named_words()
    words = list(dict.fromkeys([*named, *common]))
    present = sparse.csr_matrix(_presence(texts, words))
    lengths = np.sqrt(np.asarray(present.sum(axis=1)).ravel() + 1)
    favour = np.array([SINGLE if len(word) == 1 else 1.0 for word in words]) * 3
    columns = sparse.hstack([sparse.diags(1 / lengths) @ present @ sparse.diags(favour), by_domain]).tocsr()
    kept = np.array([word in named for word in words])
    for of_kind in told.T:
        fitted = LogisticRegression(C=CHOOSING, l1_ratio=1, solver="liblinear", random_state=0).fit(columns, of_kind)
        kept |= fitted.coef_[0][: len(words)] != 0
    return [word for word, keep in zip(words, kept, strict=True) if keep], present[:, np.flatnonzero(kept)]


def _presence(texts: Sequence[str], words: Sequence[str]) -> sparse.csr_matrix:
    vectoriser = CountVectorizer(
        vocabulary={word: place for place, word in enumerate(words)},
        analyzer=lambda text: [text[i : i + n] for n in range(1, 7) for i in range(len(text) - n + 1)],
        binary=True,
    )
    return vectoriser.transform(texts).astype(float)


def _hundredths(weights: Iterable[float]) -> Weights:
    a, b, c, d = (round(float(weight) * 100) for weight in weights)
    return a, b, c, d


def measured(tickets: Sequence[Labelled], *, with_domain: bool) -> list[tuple[Request, ...]]:
    """Return the kinds found for each ticket by a table learnt from other authors' batches."""
    found: list[tuple[Request, ...]] = [()] * len(tickets)
    for fold in range(FOLDS):
        requests = Requests(learn([ticket for ticket in tickets if ticket.batch % FOLDS != fold]))
        for place, ticket in enumerate(tickets):
            if ticket.batch % FOLDS == fold:
                found[place] = requests.of(ticket.text, ticket.domain if with_domain else None)
    return found


def figures(tickets: Sequence[Labelled], found: Sequence[tuple[Request, ...]]) -> str:
    """Compose a table of precision, recall and F1 per kind, and the share of tickets whose kinds are all right."""
    lines = []
    for kind in KINDS:
        told = sum(kind in ticket.kinds for ticket in tickets)
        said = sum(kind in kinds for kinds in found)
        right = sum(kind in ticket.kinds and kind in kinds for ticket, kinds in zip(tickets, found, strict=True))
        precision, recall = right / max(said, 1), right / told
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        lines.append(f"{kind:12} precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}  of {told}")
    exact = sum(ticket.kinds == kinds for ticket, kinds in zip(tickets, found, strict=True)) / len(tickets)
    return "\n".join([*lines, f"exact match  {exact:.3f}"])


def written(table: RequestTable) -> str:
    """Return `table` as `TABLE` has it."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["what", "name", "asks", *KINDS])
    writer.writerow(["bias", "", "", *table.bias])
    for name, row in table.domains.items():
        writer.writerow(["domain", name, "", *row])
    for word, row in sorted(table.words.items()):
        writer.writerow(["word", word, table.demands.get(word, ""), *row])
    return file.getvalue()


def main() -> None:
    """Measure, or write the table."""
    tickets = labelled_tickets()
    if "--write" in sys.argv[1:]:
        text = written(learn(tickets))
        read_table(text.splitlines())
        TABLE.write_text(text, encoding="utf-8")
        return
    for with_domain in (True, False):
        told = "domain known" if with_domain else "domain not known"
        sys.stdout.write(f"{told}\n{figures(tickets, measured(tickets, with_domain=with_domain))}\n")


if __name__ == "__main__":
    main()
