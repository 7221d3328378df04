"""From the text of one document to the features that it has, in compiled code."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.lookup import look_up_all
from features.ngrams import CHARACTER_N, WORD_N, Keys, Positions, Scratch, emit, scratch
from features.trie import Trie

FACTS = 4
"""What is counted of a document besides its features."""

_BLANK = ord(" ")

CLAUSE_ENDS = tuple(map(ord, ",。!?;:"))
"""What ends a clause of a normalised text, in which marks have half their width where there are such."""


class Recognised(NamedTuple):
    """The features of a document, and working space for them; each call or thread has its own.

    grams: see `features.ngrams`. entries: uint64 [6 * n], of the look-up. row_of: int32 [6 * n], each n-gram's row, -1
    where it is no feature; after `recognise`, its place in `rows`. rows, counts: int32 [6 * n], the features in the
    order in which they first occur, block after block, and how often each occurs. ends: int32 [2 * n_fields], where
    each block's features end. facts: int32 [FACTS]: Han characters in title and text, the 2-grams of characters of
    the text (of the title where the text has none), how many of these are features, and the clauses of title and text. seen:
    int32 [v], all 0 between two calls.
    """

    grams: Scratch
    entries: Keys
    row_of: Positions
    rows: Positions
    counts: Positions
    ends: Positions
    facts: Positions
    seen: Positions


@compiled()
def recognition(length: int, n_fields: int, seen: Positions) -> Recognised:
    """Working space for documents of up to `length` characters."""
    places = (WORD_N + CHARACTER_N) * length
    return Recognised(
        scratch(length, n_fields),
        np.empty(places, np.uint64),
        np.empty(places, np.int32),
        np.empty(places, np.int32),
        np.empty(places, np.int32),
        np.empty(2 * n_fields, np.int32),
        np.empty(FACTS, np.int32),
        seen,
    )


@compiled(borrows=True)
def recognise(
    text: npt.NDArray[np.uint32],
    fields: Positions,
    trie: Trie,
    table: Keys,
    row_bits: int,
    space: Recognised,
    with_places: bool,  # noqa: FBT001 - compiled code takes positional arguments
) -> tuple[int, int]:
    """Find the features of a document; return how many n-grams and how many features there are.

    fields: int32 [n_fields + 1], where each field begins, and the end of the text. With places, `row_of` says which
    feature each n-gram is, else it holds nothing of use.
    """
    grams, entries, row_of, rows, counts, feature_ends, facts, seen = space
    known_rows = entries.view(np.int32)  # the look-up is done with it
    n = emit(text, fields, trie, grams)
    look_up_all(table, row_bits, grams.keys, n, entries, row_of)
    facts[:] = 0
    n_features = 0
    i = 0
    for block in range(len(feature_ends)):
        stop = grams.block_ends[block]
        if block % 2 == 1 and block < 4:
            pairs = 0
            found = 0
            for j in range(i, stop):
                pair = grams.ends[index(j)] - grams.starts[index(j)] == 2
                pairs += pair
                found += pair and row_of[index(j)] >= 0
            # of the text, or of the title where the text has none: models that have met no titles know no n-grams of them
            if pairs > 0:
                facts[1] = pairs
                facts[2] = found
        # both loops are without a branch, for nobody can foretell which n-grams are known or occur again
        known = 0
        for j in range(i, stop):
            row = row_of[index(j)]
            known_rows[index(known)] = row
            known += row >= 0
        for j in range(known):
            row = known_rows[index(j)]
            place = seen[index(row)]
            new = place == 0
            at = n_features if new else place - 1
            rows[index(at)] = row
            counts[index(n_features)] = 0
            counts[index(at)] += 1
            n_features += new
            seen[index(row)] = at + 1
        i = stop
        feature_ends[block] = n_features
    if with_places:
        for i in range(n):
            if row_of[index(i)] >= 0:
                row_of[index(i)] = seen[index(row_of[index(i)])] - 1
    for u in range(n_features):
        seen[index(rows[index(u)])] = 0
    for field in range(min(2, len(fields) - 1)):
        between = True
        for i in range(fields[field], fields[field + 1]):
            c = text[i]
            facts[0] += 0x4E00 <= c <= 0x9FFF or 0x3400 <= c <= 0x4DBF
            blank, end = c == _BLANK, c in CLAUSE_ENDS
            facts[3] += between and not blank and not end
            between = end or (between and blank)
    return n, n_features
