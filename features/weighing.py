"""From how often each document has an n-gram to the rows of a sparse matrix, in the place of what they are made from."""

import numpy as np
import numpy.typing as npt

from features.compiled import compiled, index
from features.ngrams import Positions


@compiled()
def weigh_documents(
    first_document: int,
    last_document: int,
    block_ends: Positions,
    features: Positions,
    idf: npt.NDArray[np.float32],
    block_weights: npt.NDArray[np.float64],
    columns: Positions,
    values: npt.NDArray[np.float32],
    read: int,
    written: int,
    row_ends: npt.NDArray[np.int64],
) -> tuple[int, int]:
    """Turn n-grams and how often they occur, from place `read` on, into rows of a sparse matrix, from `written` on.

    A value is (1 + ln tf) * idf, each block to length `block_weights[block]`. features: int32 [numbers, 2], column and
    idf (the bits of a float32, which `idf`, float32 [numbers, 2], shows) side by side; column -1 for what is no feature.
    row_ends: int64 [documents of the corpus], where each row ends. Returns `read` and `written` for the next documents.
    """
    for document in range(first_document, last_document):
        first_read = read
        for block in range(len(block_weights)):
            first = written
            squares = 0.0
            while read < first_read + block_ends[document, block]:
                number = index(columns[index(read)])
                column = features[number, 0]
                if column >= 0:
                    weight = np.float64(idf[number, 1])
                    if values[index(read)] > 1:
                        weight *= 1.0 + np.log(np.float64(values[index(read)]))
                    columns[index(written)] = column
                    values[index(written)] = weight
                    squares += weight * weight
                    written += 1
                read += 1
            if squares > 0:
                scale = block_weights[block] / np.sqrt(squares)
                for v in range(first, written):
                    values[index(v)] *= scale
        row_ends[document] = written
    return read, written


@compiled()
def close_up(columns: Positions, values: npt.NDArray[np.float32], begin: int, stop: int, to: int) -> None:
    """Move entries to an earlier place."""
    for v in range(stop - begin):
        columns[to + v] = columns[begin + v]
        values[to + v] = values[begin + v]
