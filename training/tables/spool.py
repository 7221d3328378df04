"""Arrays and texts in files, for what does not fit into memory. Without a directory they are in memory."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.ngrams import Corpus
from features.vectorise import corpus

CHUNK = 2_000
"""Texts in memory at a time."""


class Pieces:
    """An array that is made piece by piece; `file`: where it is, None for memory."""

    def __init__(self, dtype: npt.DTypeLike, file: Path | None) -> None:
        self._dtype, self._path = np.dtype(dtype), file
        self._parts: list[npt.NDArray[Any]] = []
        if file is not None:
            file.write_bytes(b"")

    def add(self, piece: npt.ArrayLike) -> None:
        """Put a piece at the end."""
        part = np.asarray(piece, self._dtype).ravel()
        if self._path is None:
            self._parts.append(part)
        else:
            with self._path.open("ab") as file:
                part.tofile(file)

    def whole(self) -> npt.NDArray[Any]:
        """All pieces, one after another; of a file, mapped from it."""
        if self._path is None:
            return np.concatenate([np.zeros(0, self._dtype), *self._parts])
        if not self._path.stat().st_size:  # a file of nothing cannot be mapped
            return np.zeros(0, self._dtype)
        return np.asarray(np.memmap(self._path, self._dtype, "r"))


class Texts(Sequence[str]):
    """Texts in a file, each read when it is asked for; for the rest as a read-only array of str [n].

    Indexed by an array of row numbers or by a mask it gives a view of these rows.
    """

    def __init__(self, characters: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        self._characters = characters
        self._begins, self._ends = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(ends)], ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice | npt.NDArray[Any]) -> "Texts": ...
    def __getitem__(self, at: Any) -> Any:
        begins, ends = self._begins[at], self._ends[at]
        if begins.ndim == 0:
            return self._characters[begins:ends].tobytes().decode("utf-8", "surrogatepass")
        view = Texts(self._characters, ends)
        view._begins = begins
        return view

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> Any:
        """Which of them are this text, [n]."""
        if not isinstance(other, str):
            return NotImplemented
        alike = self._ends - self._begins == len(other.encode("utf-8", "surrogatepass"))
        for row in np.flatnonzero(alike) if other else ():
            alike[row] = self[int(row)] == other
        return alike

    def __ne__(self, other: object) -> Any:
        """Which of them are not, [n]."""
        alike = self.__eq__(other)
        return alike if alike is NotImplemented else ~alike

    __hash__ = None  # type: ignore[assignment] # equality is by row


Column = npt.NDArray[np.object_] | Texts
"""One str for each row."""


class TextPieces:
    """A column that is made piece by piece; `file`: where it is, None for memory."""

    def __init__(self, file: Path | None) -> None:
        self._characters = None if file is None else Pieces(np.uint8, file)
        self._ends, self._end = Pieces(np.int64, None), 0
        self._parts: list[npt.NDArray[np.object_]] = []

    def add(self, texts: Sequence[str] | npt.NDArray[np.object_]) -> None:
        """Put texts at the end."""
        if self._characters is None:
            self._parts.append(np.array([*texts, None], dtype=object)[:-1])
            return
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._characters.add(np.frombuffer(b"".join(encoded), np.uint8))
        self._ends.add(self._end + np.cumsum([len(text) for text in encoded], dtype=np.int64))
        self._end += sum(map(len, encoded))

    def whole(self) -> Column:
        """All texts, one after another."""
        if self._characters is not None:
            return Texts(self._characters.whole(), self._ends.whole())
        # half a million rows repeat a few hundred labels: keep one str of each
        codes, distinct = pd.factorize(np.concatenate([np.zeros(0, object), *self._parts]))
        found = np.asarray(distinct, dtype=object)[codes]
        found.flags.writeable = False
        return found


def column(texts: Iterable[str], file: Path | None) -> Column:
    """A column of these texts, in a file of this name or in memory."""
    pieces, rest = TextPieces(file), iter(texts)
    while chunk := list(islice(rest, CHUNK)):
        pieces.add(chunk)
    return pieces.whole()


def rewritten(texts: Column, rows: Mapping[int, str], file: Path | None) -> Column:
    """The column with other texts in these rows; file: where it goes if it is in a file now."""
    if not isinstance(texts, Texts):
        found = texts.copy()
        found[[*rows]] = [*rows.values()]
        found.flags.writeable = False
        return found
    return column((rows.get(row, text) for row, text in enumerate(texts)), file)


class Documents(Sequence[tuple[str, ...]]):
    """Rows of several columns of equal length."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, at: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, at: slice | npt.NDArray[Any]) -> "Documents": ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, (slice, np.ndarray)):
            return Documents([column[at] for column in self._columns])
        return tuple(column[at] for column in self._columns)


def lay_out(documents: Iterable[Sequence[str]], n_fields: int, spool: Path | None) -> Corpus:
    """Lay documents one after another as `features.vectorise.corpus` does; with a directory, the text is in a file there."""
    text = Pieces(np.uint32, spool and spool / "text.u4")
    fields, rest, end, longest = Pieces(np.int64, None), iter(documents), 0, 0
    fields.add([0])
    while chunk := list(islice(rest, CHUNK)):
        part = corpus(chunk, n_fields)
        text.add(part.text)
        fields.add(end + part.fields[1:])
        end += len(part.text)
        longest = max(longest, part.longest)
    return Corpus(text.whole(), fields.whole(), n_fields, longest)
