"""Many texts normalised at once, without a Python object for each: what scoring a file or learning from one takes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from features.boilerplate import OPENING, opening_of
from features.codepoints import CodePoints, Entries, decode, encode, scan_into
from features.compiled import compiled
from features.ngrams import Corpus
from features.normalise import Normaliser
from features.openings import first_clause

Integers = npt.NDArray[np.int64]


def lay(documents: Sequence[Sequence[str]], n_fields: int, normalise: Normaliser) -> Corpus:
    """Normalise the texts of documents of n_fields each, and lay them one after another."""
    texts = [text for document in documents for text in document]
    begins = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))])
    kept, spans, hits, clauses = _scan_all(encode("".join(texts)), begins, normalise.entries)
    rewritten: list[CodePoints] = []
    for i in np.flatnonzero(hits).tolist():
        begin, end = spans[i].tolist()
        if clauses[i] >= 0:
            spans[i, 0] = begin + _opening(kept, begin, begin + int(clauses[i]), end)
        else:
            found = normalise(texts[i]).codepoints
            spans[i] = -1 - len(rewritten), len(found)
            rewritten.append(found)
    laid, ends = _gather(kept, spans, np.concatenate([kept[:0], *rewritten]), _begins(rewritten))
    laid.flags.writeable = False  # as of `features.vectorise.corpus`: compiled code is made for one kind of array
    fields = np.concatenate([np.zeros(1, np.int64), ends])
    longest = int(np.diff(fields[::n_fields]).max(initial=0))
    return Corpus(laid, fields, n_fields, longest)


def _opening(kept: CodePoints, begin: int, clause: int, end: int) -> int:
    skipped, _ = opening_of(decode(kept[begin:clause]))
    while 0 < skipped < end - begin and kept[begin + skipped] == ord(" "):
        skipped += 1
    return skipped


def _begins(parts: Sequence[CodePoints]) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum([len(part) for part in parts], dtype=np.int64)])


@compiled()
def _scan_all(
    codepoints: CodePoints, begins: Integers, entries: Entries
) -> tuple[CodePoints, Integers, Integers, Integers]:
    """Scan texts: what is kept, where each text's begins and ends, its hits, and the end of its first clause.

    The clause is -1 where a rule other than for an opening may have something to do.
    """
    n = len(begins) - 1
    kept = np.empty(len(codepoints), np.uint32)
    spans = np.empty((n, 2), np.int64)
    hits = np.zeros(n, np.int64)
    clauses = np.full(n, -1, np.int64)
    longest = 0
    for i in range(n):
        longest = max(longest, begins[i + 1] - begins[i])
    offsets = np.empty(longest + 1, np.int32)
    for i in range(n):
        begin, end = begins[i], begins[i + 1]
        length, hits[i] = scan_into(codepoints[begin:end], entries, kept[begin:end], offsets)
        spans[i, 0], spans[i, 1] = begin, begin + length
        if hits[i] and not hits[i] & ~OPENING:
            clauses[i] = first_clause(kept[begin : begin + length])
    return kept, spans, hits, clauses


@compiled()
def _gather(kept: CodePoints, spans: Integers, rewritten: CodePoints, begins: Integers) -> tuple[CodePoints, Integers]:
    """Copy each text from where it is: the span of `kept`, or (-1 - k, length) for the k-th of `rewritten`."""
    n = len(spans)
    ends = np.empty(n, np.int64)
    total = 0
    for i in range(n):
        total += spans[i, 1] - max(spans[i, 0], 0)
        ends[i] = total
    laid = np.empty(total, np.uint32)
    place = 0
    for i in range(n):
        first, last = spans[i]
        if first < 0:
            begin = begins[-1 - first]
            laid[place : ends[i]] = rewritten[begin : begin + last]
        else:
            laid[place : ends[i]] = kept[first:last]
        place = ends[i]
    return laid, ends
