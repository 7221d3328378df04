"""Training in a process of its own, so that its peak memory is its own: python -m tests.benchmarks.big ROWS AT_MOST.

Prints seconds and the peak in GiB as JSON; ROWS are resampled from at most AT_MOST rows of the data.
"""

import json
import resource
import sys
import time

from features.segment import Lexicon
from tests.benchmarks.data import read_rows
from tests.benchmarks.learn import learn

_KIB_PER_GIB = 1 << 20


def main() -> None:
    """Train both heads."""
    n, at_most = int(sys.argv[1]), int(sys.argv[2])
    rows, lexicon = read_rows(at_most), Lexicon.load()
    few = rows.resampled(n)
    # copies of a row stay in one fold, as near-duplicates do
    groups = rows.groups[rows.drawn(n)]
    began = time.perf_counter()
    fitted = learn(few, lexicon, groups=groups)
    found = {
        "seconds": time.perf_counter() - began,
        "gib": _peak(),
        "classes": sum(len(head.classes) for head in fitted.model.heads),
        "rows": few.name,
        "trained_rows": n,
    }
    sys.stdout.write(json.dumps(found))


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (_KIB_PER_GIB << 10 if sys.platform == "darwin" else _KIB_PER_GIB)


if __name__ == "__main__":
    main()
