"""Arrays in files, for what does not fit into memory."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from features.ngrams import Corpus
from features.vectorise import corpus

CHUNK = 2_000
"""Documents in memory at a time."""


def lay(documents: Iterable[Sequence[str]], n_fields: int, spool: Path | None) -> Corpus:
    """Lay documents one after another as `features.vectorise.corpus` does; with a directory, the text is in a file there."""
    if spool is None:
        return corpus(documents, n_fields)
    rest, fields, longest = iter(documents), [np.zeros(1, np.int64)], 0
    path = spool / "text.u4"
    with path.open("wb") as file:
        while chunk := list(islice(rest, CHUNK)):
            part = corpus(chunk, n_fields)
            part.text.tofile(file)
            fields.append(part.fields[1:] + fields[-1][-1])
            longest = max(longest, part.longest)
    ends = np.concatenate(fields)
    # a file of nothing cannot be mapped
    text = np.memmap(path, np.uint32, "r") if ends[-1] else np.zeros(0, np.uint32)
    return Corpus(np.asarray(text), ends, n_fields, longest)
