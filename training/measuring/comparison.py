"""A head against its peers on the same rows, with intervals."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.prediction import Target
from training.measuring.bootstrap import Answers, PairedBootstrap
from training.measuring.figures import Outcome
from training.measuring.intervals import RESAMPLES, accuracy_interval
from training.measuring.peers import PeerName


def compare(
    target: Target, said: Outcome, peers: Mapping[PeerName, npt.NDArray[np.str_]] | Mapping[str, npt.NDArray[np.str_]]
) -> dict[str, float]:
    """Return the figures of each peer, and what the head has over it; `peers`: by name what each said of the rows [n].

    <peer>_accuracy, <peer>_macro_f1: its own. over_<peer>_accuracy, over_<peer>_macro_f1: the head's less the peer's, their
    95% intervals paired, which is narrower than the two intervals side by side. An interval is <figure>_low, <figure>_high.
    """
    groups = np.arange(len(said.truth)) if said.groups is None else said.groups
    found: dict[str, float] = {}
    for name, answers in peers.items():
        paired = PairedBootstrap(Answers(target, said.truth, answers, said.answer, groups), resamples=RESAMPLES)
        accuracy, macro_f1 = paired.accuracy(), paired.macro_f1()
        low, high = accuracy_interval(np.asarray(answers == said.truth), said.groups)
        found |= {f"{name}_accuracy": accuracy.champion, f"{name}_accuracy_low": low, f"{name}_accuracy_high": high}
        found[f"{name}_macro_f1"] = macro_f1.champion
        for figure, difference in (("accuracy", accuracy), ("macro_f1", macro_f1)):
            over = f"over_{name}_{figure}"
            found |= {over: difference.change, f"{over}_low": difference.low, f"{over}_high": difference.high}
    return found
