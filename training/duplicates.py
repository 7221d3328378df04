"""Near-duplicate texts: MinHash over character 5-shingles, checked by the true Jaccard similarity.

MinHash and banding as in A. Z. Broder, "On the resemblance and containment of documents" (1997), and chapter 3 of
Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets". The signatures come from rensa; the bands are sorted here,
because its index takes and returns one Python object for each text.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from rensa import RMinHash
from scipy import sparse

SHINGLE = 5
"""Characters of a shingle."""

SHORTEST = 8
"""Characters below which only equal texts are duplicates: a handful of shingles says little."""

PERMUTATIONS = 128
"""Length of a signature."""

MISSED = 1e-4
"""Chance, at the threshold itself, that a pair shares no band and is never compared; less for more alike pairs."""

NEIGHBOURS = 64
"""Texts of one band bucket that each text is compared with; bounds the work where thousands fill one template."""

_CHUNK = 20_000
_MIX = np.uint64(0x9E3779B97F4A7C15)
"""The odd number next to 2^64 divided by the golden ratio (Knuth's multiplicative hashing)."""


def near_duplicate_groups(
    texts: Sequence[str] | npt.NDArray[np.object_], threshold: float = 0.8, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Return a group number for each text, shape (texts,), -1 for an empty text.

    Two texts of one group are linked by a chain of texts, each with a Jaccard similarity of at least `threshold` to
    the next, over their sets of character 5-shingles. Equal texts are in one group; texts under 8 characters are with
    their equals only. Groups are numbered from 0 by first appearance. The same texts, threshold and seed give the same
    groups. `texts` should be normalised.

    Work and memory grow linearly with the characters of the distinct texts.
    """
    codes, names = pd.factorize(np.array(texts, dtype=object))
    distinct: list[str] = names.tolist()
    shingles = _shingle_matrix(distinct)
    pairs = _candidates(shingles, threshold, seed)
    first, second = _similar(shingles, pairs, threshold)
    links = sparse.coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(len(distinct), len(distinct)))
    _, components = sparse.csgraph.connected_components(links, directed=False)
    groups = components.astype(np.int64)[codes]
    groups[[text == "" for text in texts]] = -1
    return renumbered(groups)


def joined_groups(groups: npt.NDArray[np.int64], others: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the finest groups in which rows of one group stay together, and so do rows of one value of `others`.

    Both have shape (rows,); rows with group -1 keep it, and an empty value of `others` ties nothing together.
    """
    named = np.array(others, dtype=object)
    named[named == ""] = None
    codes = pd.factorize(named)[0].astype(np.int64)
    size = len(groups)
    kept = (groups >= 0) & (codes >= 0)
    top = int(groups.max(initial=-1)) + 1
    shape = (top + int(codes.max(initial=-1)) + 1,) * 2
    links = sparse.coo_matrix((np.ones(int(kept.sum()), np.int8), (groups[kept], top + codes[kept])), shape=shape)
    _, components = sparse.csgraph.connected_components(links, directed=False)
    joined = np.full(size, -1, np.int64)
    joined[groups >= 0] = components[groups[groups >= 0]]
    return renumbered(joined)


def renumbered(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the groups numbered from 0 by first appearance, -1 staying -1."""
    result = np.full(len(groups), -1, np.int64)
    inside = groups >= 0
    result[inside] = pd.factorize(groups[inside])[0]
    return result


def _shingle_matrix(texts: Sequence[str]) -> sparse.csr_matrix:
    """Return a row for each text, a one for each distinct shingle of it; no ones for a short text.

    A shingle's column is 31 bits of its hash: two shingles of one pair of texts meet in one with a chance of about
    one in two billion for each pair of shingles.
    """
    rows, columns = [], []
    for start in range(0, len(texts), _CHUNK):
        lengths = np.array([len(text) for text in texts[start : start + _CHUNK]], dtype=np.int64)
        points = np.frombuffer("".join(texts[start : start + _CHUNK]).encode("utf-32-le", "surrogatepass"), np.uint32)
        counts = np.where(lengths < SHORTEST, 0, lengths - SHINGLE + 1)
        begins = np.cumsum(lengths) - lengths
        row = np.repeat(np.arange(len(lengths)), counts)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + begins[row]
        hashed = np.zeros(len(row), np.uint64)
        for step in range(SHINGLE):
            hashed = (hashed ^ points[offset + step]) * _MIX
            hashed ^= hashed >> np.uint64(32)
        rows.append(counts)
        columns.append((hashed >> np.uint64(33)).astype(np.int32))
    indptr = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(rows, dtype=np.int64))]) if rows else [0]
    indices = np.concatenate(columns) if columns else np.zeros(0, np.int32)
    matrix = sparse.csr_matrix((np.ones(len(indices), np.int16), indices, indptr), shape=(len(texts), 2**31 - 1))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def _candidates(shingles: sparse.csr_matrix, threshold: float, seed: int) -> npt.NDArray[np.int64]:
    """Return pairs of rows that agree in a band, shape (pairs, 2), first < second, each once."""
    width = _band_width(threshold)
    sizes = np.diff(shingles.indptr)
    at = np.flatnonzero(sizes)
    signatures = np.concatenate([np.zeros((0, PERMUTATIONS), np.uint32), *_signatures(shingles, at, seed)])
    found = [np.zeros(0, np.int64)]
    for start in range(0, PERMUTATIONS - width + 1, width):
        band = np.ascontiguousarray(signatures[:, start : start + width])
        bucket = pd.factorize(band[:, 0])[0].astype(np.int64)
        for column in range(1, width):
            bucket = pd.factorize((bucket << 32) | band[:, column])[0].astype(np.int64)
        # within a bucket by size: texts alike are about as long
        order = np.lexsort((at, sizes[at], bucket))
        for step in range(1, NEIGHBOURS + 1):
            alike = np.flatnonzero(bucket[order[step:]] == bucket[order[:-step]])
            if not len(alike):
                break
            one, two = at[order[alike]], at[order[alike + step]]
            found.append(np.minimum(one, two) * shingles.shape[0] + np.maximum(one, two))
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, max(shingles.shape[0], 1)), axis=1)


def _signatures(shingles: sparse.csr_matrix, at: npt.NDArray[np.int64], seed: int) -> Iterator[npt.NDArray[np.uint32]]:
    for start in range(0, len(at), _CHUNK):
        part = shingles[at[start : start + _CHUNK]]
        # the columns are hashes, yet of 31 bits; rensa expects 64 of them to be spread
        tokens = part.indices.astype(np.uint64) * _MIX
        tokens ^= tokens >> np.uint64(32)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(
            tokens, part.indptr.astype(np.uint64), PERMUTATIONS, seed
        )
        yield np.array(matrix.to_rows(), dtype=np.uint32)


def _band_width(threshold: float) -> int:
    """Return the widest band that misses at most `MISSED` of the pairs at the threshold: the fewest candidates."""
    widths = range(PERMUTATIONS, 1, -1)
    return next((w for w in widths if (1 - threshold**w) ** (PERMUTATIONS // w) <= MISSED), 1)


def _similar(
    shingles: sparse.csr_matrix, pairs: npt.NDArray[np.int64], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    sizes = np.diff(shingles.indptr)
    kept = []
    for start in range(0, len(pairs), _CHUNK):
        first, second = pairs[start : start + _CHUNK].T
        shared = np.asarray(shingles[first].multiply(shingles[second]).sum(axis=1)).ravel()
        kept.append(shared >= threshold * (sizes[first] + sizes[second] - shared))
    alike = pairs[np.concatenate(kept)] if kept else pairs
    return alike[:, 0], alike[:, 1]
