"""A corpus's n-grams by number, counted in threads, and the sparse matrix that they become without another pass over it."""

import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed, effective_n_jobs
from scipy import sparse

from features.counting import PLACES, count_documents, distinct_space, find_documents
from features.ngrams import Corpus, Keys, Positions, scratch
from features.seen import Seen, add_seen, grown, number_bits
from features.trie import Trie
from features.weighing import close_up, weigh_documents

CHUNK, AT_ONCE = 2_000, 1 << 20
"""Documents and entries in one compiled call: of what is written to files no more stays in memory."""


class Entries(NamedTuple):
    """Two long arrays side by side, in memory or in the files `columns.i4` and `values.f4` of a directory.

    columns: int32, until they are known an n-gram's number; values: float32, at first how often it occurs.
    """

    columns: Positions
    values: npt.NDArray[np.float32]
    files: tuple[Any, ...] = ()

    @classmethod
    def reserve(cls, room: int, spool: Path | None) -> "Entries":
        """Arrays that take memory or disk only where they are written."""
        if spool is None:
            return cls(np.empty(room, np.int32), np.empty(room, np.float32))
        for name, _ in _FILES:
            # matrices that were made here before go on with their own
            (spool / name).unlink(missing_ok=True)
        return cls._mapped(spool, room, "w+")

    @classmethod
    def _mapped(cls, spool: Path, n: int, mode: Any) -> "Entries":
        files = tuple(np.memmap(spool / name, dtype, mode, shape=max(1, n)) for name, dtype in _FILES)
        columns, values = (np.asarray(file)[:n] for file in files)
        return cls(columns, values, files)

    def let_go(self, begin: int, stop: int) -> None:
        """Of files, keep these entries on disk alone until they are asked for."""
        for file in self.files:
            page = mmap.ALLOCATIONGRANULARITY
            first, last = begin * file.itemsize // page * page, stop * file.itemsize // page * page
            if last > first and hasattr(mmap, "MADV_DONTNEED"):
                file._mmap.madvise(mmap.MADV_DONTNEED, first, last - first)  # noqa: SLF001

    def cut(self, n: int, spool: Path | None) -> "Entries":
        """The first n entries; the room of the others is given back."""
        if spool is None:
            for array in (self.columns, self.values):
                array.resize(n, refcheck=False)
            return self
        for file, (name, dtype) in zip(self.files, _FILES, strict=True):
            file.flush()
            with (spool / name).open("r+b") as opened:
                opened.truncate(max(1, n) * np.dtype(dtype).itemsize)
        return self._mapped(spool, n, "r+")


_FILES: tuple[tuple[str, Any], ...] = (("columns.i4", np.int32), ("values.f4", np.float32))


@dataclass(frozen=True, eq=False)
class Share:
    """Documents [first, last) of one thread; their entries begin at `begin`; n-gram i of its own is `numbers[i]`."""

    first: int
    last: int
    begin: int
    numbers: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True, eq=False)
class Tally:
    """Each document's n-grams and how often it has them; block_ends: int32 [documents, 2 * n_fields]."""

    shares: tuple[Share, ...]
    entries: Entries
    block_ends: Positions
    jobs: int | None
    spool: Path | None

    def rows(
        self,
        columns: npt.NDArray[np.int32],
        idf: npt.NDArray[np.float64],
        block_weights: npt.NDArray[np.float64],
    ) -> sparse.csr_matrix:
        """Make the matrix in the place of the tally, which is used up: float32 [documents, len(idf)].

        columns: of each number, -1 for what is no feature; idf: of each column; block_weights: see `weigh_documents`.
        """
        documents = len(self.block_ends)
        row_ends = np.zeros(documents + 1, np.int64)

        def weigh(share: Share) -> None:
            # side by side, so that one wait for memory fetches both
            own = columns if share.numbers is None else columns[share.numbers]
            features = np.empty((len(own), 2), np.int32)
            features[:, 0] = own
            features.view(np.float32)[:, 1] = idf[own]
            ends = row_ends[1:]
            read = written = share.begin
            for begin, stop in _chunks(share.first, share.last):
                read_before, written_before = read, written
                read, written = weigh_documents(
                    begin, stop, self.block_ends, features, features.view(np.float32), block_weights,
                    self.entries.columns, self.entries.values, read, written, ends,
                )  # fmt: skip
                self.entries.let_go(written_before, written)
                self.entries.let_go(max(written, read_before), read)

        _in_threads(self.jobs, (delayed(weigh)(share) for share in self.shares))
        end = 0
        for share in self.shares:
            stop = int(row_ends[share.last])
            row_ends[share.first + 1 : share.last + 1] -= share.begin - end
            if share.begin == end:  # nothing lies before that could be closed up
                end = stop
                continue
            for begin in range(share.begin, stop, AT_ONCE):
                moved = min(AT_ONCE, stop - begin)
                close_up(self.entries.columns, self.entries.values, begin, begin + moved, end)
                self.entries.let_go(begin, begin + moved)
                self.entries.let_go(end, end + moved)
                end += moved
        entries = self.entries.cut(end, self.spool)
        return sparse.csr_matrix((entries.values, entries.columns, row_ends), shape=(documents, len(idf)))


def count(laid: Corpus, trie: Trie, jobs: int | None, spool: Path | None) -> tuple[Tally, Seen]:
    """Count the n-grams of a corpus, which are numbered as they are met; spool: a directory for the entries."""
    tally = _reserve(laid, jobs, spool)

    def work(share: Share) -> tuple[Seen, int]:
        space, distinct = scratch(laid.longest, laid.n_fields), distinct_space(laid.longest)
        text, fields = _read_only(laid.text), _read_only(laid.fields)
        seen, used, written = grown(None, 0), 0, share.begin
        for begin, stop in _chunks(share.first, share.last):
            document, before = begin, written
            while document < stop:
                document, used, written = count_documents(
                    text, fields, laid.n_fields, document, stop, trie, space, distinct, seen,
                    number_bits(len(seen.table)), used, *tally.entries[:2], written, tally.block_ends,
                )  # fmt: skip
                if document < stop:
                    seen = grown(seen, used)
            tally.entries.let_go(before, written)
        return seen, used

    # threads, for compiled code releases the lock: the corpus is shared, and each has a table of its own
    (seen, used), *others = _in_threads(jobs, (delayed(work)(share) for share in tally.shares))
    shares = [tally.shares[0]]
    for share in tally.shares[1:]:
        more, more_used = others.pop(0)
        more, done, numbers = more.cut(more_used), 0, np.empty(more_used, np.int32)
        while done < more_used:
            done, used = add_seen(more, done, seen, number_bits(len(seen.table)), used, numbers)
            if done < more_used:
                seen = grown(seen, used)
        shares.append(Share(share.first, share.last, share.begin, numbers))
    return Tally(tuple(shares), tally.entries, tally.block_ends, jobs, spool), seen.cut(used)


def find(laid: Corpus, trie: Trie, table: Keys, row_bits: int, jobs: int | None, spool: Path | None) -> Tally:
    """Count those n-grams that are in a table of `features.lookup.build_lookup`; their numbers are its rows."""
    tally = _reserve(laid, jobs, spool)

    def work(share: Share) -> None:
        space, distinct = scratch(laid.longest, laid.n_fields), distinct_space(laid.longest)
        text, fields, written = _read_only(laid.text), _read_only(laid.fields), share.begin
        for begin, stop in _chunks(share.first, share.last):
            before = written
            written = find_documents(
                text, fields, laid.n_fields, begin, stop, trie, space, distinct, table, row_bits,
                *tally.entries[:2], written, tally.block_ends,
            )  # fmt: skip
            tally.entries.let_go(before, written)

    _in_threads(jobs, (delayed(work)(share) for share in tally.shares))
    return tally


def _reserve(laid: Corpus, jobs: int | None, spool: Path | None) -> Tally:
    begins = np.asarray(laid.fields)[:: laid.n_fields]
    threads = min(effective_n_jobs(jobs), laid.documents)
    # as many characters for each thread, of which whole documents
    parts = np.searchsorted(begins, [begins[-1] * part // threads for part in range(1, threads)])
    edges = np.unique([0, *parts, laid.documents]).tolist()
    shares = tuple(Share(a, b, PLACES * int(begins[a])) for a, b in pairwise(edges))
    return Tally(
        shares,
        Entries.reserve(PLACES * int(begins[-1]), spool),
        np.empty((laid.documents, 2 * laid.n_fields), np.int32),
        jobs,
        spool,
    )


def _in_threads(jobs: int | None, tasks: Iterable[Any]) -> list[Any]:
    return list(Parallel(n_jobs=jobs, prefer="threads")(tasks))


def _chunks(first: int, last: int) -> Iterable[tuple[int, int]]:
    return pairwise([*range(first, last, CHUNK), last])


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The array as compiled code always takes it, whether it is in memory or in a file."""
    seen = np.asarray(array).view()
    seen.flags.writeable = False
    return seen
