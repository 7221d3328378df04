"""Near-duplicate texts: MinHash over character 5-shingles, checked by the true Jaccard similarity.

MinHash and banding as in A. Z. Broder, "On the resemblance and containment of documents" (1997), and chapter 3 of
Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets". The signatures come from rensa; the bands are sorted here,
because its index takes and returns one Python object for each text.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from rensa import RMinHash
from scipy import sparse

from training.tables.spool import Column, Pieces

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
    texts: Column | Sequence[str], threshold: float = 0.8, seed: int = 0, spool: Path | None = None
) -> npt.NDArray[np.int64]:
    """Return a group number for each text, shape (texts,), -1 for an empty text.

    Two texts of one group are linked by a chain of texts, each with a Jaccard similarity of at least `threshold` to
    the next, over their sets of character 5-shingles. Equal texts are in one group; texts under 8 characters are with
    their equals only. Groups are numbered from 0 by first appearance. The same texts, threshold and seed give the same
    groups. `texts` should be normalised.

    Work grows linearly with the characters of the distinct texts; so does memory, or with a directory `spool` its files,
    and memory with the number of texts.
    """
    codes = equal_texts(texts)
    firsts = np.unique(codes, return_index=True)[1]
    firsts = firsts[codes[firsts] >= 0]
    shingles = _shingles(texts, firsts, spool)
    pairs = _candidates(shingles, threshold, seed, spool)
    first, second = _similar(shingles, pairs, threshold)
    links = sparse.coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(len(firsts), len(firsts)))
    _, components = sparse.csgraph.connected_components(links, directed=False)
    return renumbered(np.where(codes < 0, -1, np.append(components, -1)[codes]))


def equal_texts(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return a number for each text, shape (texts,): the same for equal ones, from 0 by first appearance, -1 for "".

    Texts are told apart by 64 bits of a hash: two of a million different ones share a number with a chance of 3e-8.
    """
    hashes = np.fromiter(map(_hashed, texts), np.uint64)
    return renumbered(np.where(hashes == _EMPTY, -1, pd.factorize(hashes)[0]))


def joined_groups(groups: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the finest groups in which rows of one group stay together, and so do rows of one number of `others`.

    Both have shape (rows,); rows with group -1 keep it, and -1 in `others`, as `equal_texts` has it, ties nothing together.
    """
    size = len(groups)
    kept = (groups >= 0) & (others >= 0)
    top = int(groups.max(initial=-1)) + 1
    shape = (top + int(others.max(initial=-1)) + 1,) * 2
    links = sparse.coo_matrix((np.ones(int(kept.sum()), np.int8), (groups[kept], top + others[kept])), shape=shape)
    _, components = sparse.csgraph.connected_components(links, directed=False)
    joined = np.full(size, -1, np.int64)
    joined[groups >= 0] = components[groups[groups >= 0]]
    return renumbered(joined)


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


_EMPTY = _hashed("")


def renumbered(groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the groups numbered from 0 by first appearance, -1 staying -1."""
    result = np.full(len(groups), -1, np.int64)
    inside = groups >= 0
    result[inside] = pd.factorize(groups[inside])[0]
    return result


class _Shingles(NamedTuple):
    """The distinct shingles of each text, as sorted numbers: int32, one text after another; none of a short text.

    A shingle's number is 31 bits of its hash: two shingles of one pair of texts meet in one with a chance of about
    one in two billion for each pair of shingles.
    """

    numbers: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        return np.diff(self.ends)

    def of(self, texts: npt.NDArray[np.int64]) -> sparse.csr_matrix:
        """Return a row for each of some texts, with a one for each shingle."""
        sizes = self.sizes[texts]
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
        at = np.arange(ends[-1]) + np.repeat(self.ends[texts] - ends[:-1], sizes)
        ones = np.ones(len(at), np.int16)
        return sparse.csr_matrix((ones, self.numbers[at], ends), shape=(len(texts), 2**31 - 1))


def _shingles(texts: Column | Sequence[str], rows: npt.NDArray[np.int64], spool: Path | None) -> _Shingles:
    numbers, sizes = Pieces(np.int32, spool and spool / "shingles.i4"), Pieces(np.int64, None)
    sizes.add([0])
    for start in range(0, len(rows), _CHUNK):
        part = [texts[row] for row in rows[start : start + _CHUNK].tolist()]
        lengths = np.array([len(text) for text in part], dtype=np.int64)
        points = np.frombuffer("".join(part).encode("utf-32-le", "surrogatepass"), np.uint32)
        counts = np.where(lengths < SHORTEST, 0, lengths - SHINGLE + 1)
        begins = np.cumsum(lengths) - lengths
        row = np.repeat(np.arange(len(lengths)), counts)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts) + begins[row]
        hashed = np.zeros(len(row), np.uint64)
        for step in range(SHINGLE):
            hashed = (hashed ^ points[offset + step]) * _MIX
            hashed ^= hashed >> np.uint64(32)
        # row and number in one: sorted, equal neighbours are one shingle twice
        distinct = np.unique((row.astype(np.int64) << 31) | (hashed >> np.uint64(33)).astype(np.int64))
        numbers.add(distinct & (2**31 - 1))
        sizes.add(np.bincount(distinct >> 31, minlength=len(part)))
    return _Shingles(numbers.whole(), np.cumsum(sizes.whole()))


def _candidates(shingles: _Shingles, threshold: float, seed: int, spool: Path | None) -> npt.NDArray[np.int64]:
    """Return pairs of texts that agree in a band, shape (pairs, 2), first < second, each once."""
    width = _band_width(threshold)
    sizes = shingles.sizes
    at = np.flatnonzero(sizes)
    written = Pieces(np.uint32, spool and spool / "signatures.u4")
    for part in _signatures(shingles, at, seed):
        written.add(part)
    signatures = written.whole().reshape(-1, PERMUTATIONS)
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
            found.append(np.minimum(one, two) * len(sizes) + np.maximum(one, two))
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, max(len(sizes), 1)), axis=1)


def _signatures(shingles: _Shingles, at: npt.NDArray[np.int64], seed: int) -> Iterator[npt.NDArray[np.uint32]]:
    for start in range(0, len(at), _CHUNK):
        part = shingles.of(at[start : start + _CHUNK])
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
    shingles: _Shingles, pairs: npt.NDArray[np.int64], threshold: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    sizes = shingles.sizes
    kept = []
    for start in range(0, len(pairs), _CHUNK):
        first, second = pairs[start : start + _CHUNK].T
        shared = np.asarray(shingles.of(first).multiply(shingles.of(second)).sum(axis=1)).ravel()
        kept.append(shared >= threshold * (sizes[first] + sizes[second] - shared))
    alike = pairs[np.concatenate(kept)] if kept else pairs
    return alike[:, 0], alike[:, 1]
