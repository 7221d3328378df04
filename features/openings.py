"""Where a text's opening could end, and whether another could follow, found in compiled code."""

import numpy as np

from features.boilerplate import BOUNDARIES, CALLERS
from features.codepoints import CodePoints
from features.compiled import compiled

LONGEST_CLAUSE = 40

_BOUNDARIES = np.array([ord(mark) for mark in BOUNDARIES], np.uint32)
_CALLERS = np.array([[ord(character) for character in caller] for caller in CALLERS], np.uint32)
_COLON, _COMMA = ord(":"), ord(",")


@compiled()
def first_clause(text: CodePoints) -> int:
    """The end of the first clause, its colon or comma included, where that is all that decides the opening.

    An opening ends with a colon or comma or before it. -1 where the clause is long, where there is none, and where a
    boundary is followed by what an opening begins with: then there may be several.
    """
    end = -1
    for i in range(len(text) - 1):
        c = text[i]
        boundary = False
        for mark in _BOUNDARIES:
            boundary |= c == mark
        if not boundary:
            continue
        if end < 0 and c in (_COLON, _COMMA):
            if i >= LONGEST_CLAUSE:
                return -1
            end = i + 1
        if i + 2 < len(text):
            for caller in range(len(_CALLERS)):
                if text[i + 1] == _CALLERS[caller, 0] and text[i + 2] == _CALLERS[caller, 1]:
                    return -1
    return end
