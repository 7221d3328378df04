"""How far the model and each of the charter's matches are believed: a log-linear pool of opinions.

The score of an office is the sum of weights times matches, and its probability the softmax of the scores over all
offices of the day: the logarithmic opinion pool of Genest and Zidek ("Combining probability distributions", Statistical
Science 1986), which with learnt weights is McFadden's conditional logit (1974). The weights are shared by all offices, so
that an office without a single training row is reached by the charter alone, and one that is renamed or split needs no
retraining.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from models.decision import Policy, Sets
from models.fitted import Head


class Match(IntEnum):
    """What is told of an office and a ticket: the places of a row of matches."""

    MODEL = 0
    """log of the model's probability; of an office that the model has no label for, that of DUTY."""
    DUTY = 1
    """log of the probability that the charter's rules make it the lead, over the domain head's domains and the kinds."""
    REACH = 2
    """log of the probability that it leads or assists in the domain, at some place or for some kind."""
    HOME_ADDRESS = 3
    """1 where the merchant's address or name is in its territory …"""
    AWAY_ADDRESS = 4
    """… and 1 where it has a territory and that is another."""
    HOME_TEXT = 5
    """The same by a place named in the text alone."""
    AWAY_TEXT = 6
    HOME_MIXED = 7
    """The same by the first of several places that are of different territories."""
    AWAY_MIXED = 8
    NAMED = 9
    """1 where the text names the office outright."""


LEAST_SAID = 1e-6
"""The least probability of the model that counts."""

LEAST_DUTY = 1e-3
"""The share of DUTY and REACH that an office has without a rule: rules and domains may be wrong."""


SHIPPED: tuple[float, ...] = (0.45, 0.34, 0.31, -0.76, -3.23, 0.58, -1.47, 0.13, -1.17, 1.08)
"""For a model that was trained without a charter: learnt on as many rows of the starter set, with the demo charter, as of
a city's past work orders, with a charter derived from them. A gain from what is near shows in DUTY already."""


@dataclass(frozen=True, slots=True)
class Trust:
    """One weight per match. charter: the digest of the charter that they were learnt with, None for those shipped.

    sets: what puts an office into the set of a combined answer; None where that was not measured. policy: the tiers of
    combined answers, by the labels of the office head; None where they were not measured, and those of the head hold.
    """

    weights: tuple[float, ...]
    charter: str | None = None
    sets: Sets | None = None
    policy: Policy | None = None

    def to_manifest(self, labels: Sequence[str]) -> dict[str, Any]:
        """As JSON, by the matches' names and the labels of the office head."""
        return {
            "charter": self.charter,
            "weights": {match.name.lower(): weight for match, weight in zip(Match, self.weights, strict=True)},
            "sets": None if self.sets is None else self.sets.to_manifest(),
            "policy": None if self.policy is None else self.policy.to_manifest(labels),
        }

    @classmethod
    def from_manifest(cls, written: Mapping[str, Any] | None, labels: Sequence[str]) -> Self:
        """Back from JSON; the shipped weights where a model was trained without a charter.

        A bundle from before combined answers had tiers of their own has no policy.
        """
        if written is None:
            return cls(SHIPPED)
        weights: Mapping[str, float] = written["weights"]
        policy = written.get("policy")
        return cls(
            tuple(float(weights[match.name.lower()]) for match in Match),
            written["charter"],
            Sets.from_manifest(written.get("sets")),
            None if policy is None else Policy.from_manifest(policy, labels),
        )

    def tiers_of(self, heads: tuple[Head, ...]) -> tuple[Head, ...]:
        """The heads of a model with the tiers that combined answers have; the same ones where those are the heads' own."""
        if self.policy is None:
            return heads
        # a set that stands without the charter is the head's own
        return tuple(
            replace(head, policy=replace(self.policy, sets=head.policy.sets)) if head.target == "office" else head
            for head in heads
        )

    def __post_init__(self) -> None:
        """Refuse what does not fit. Raises ValueError."""
        if len(self.weights) != len(Match):
            raise ValueError(f"trust has {len(self.weights)} weights, expected one for each of {len(Match)} matches")


class OfficeScores(NamedTuple):
    """A model's probabilities for one ticket, its heads side by side, float32 [classes], and how far it is trusted.

    heads: with the tiers of combined answers, see `Trust.tiers_of`; the same tuple for all tickets of a model.
    """

    heads: tuple[Head, ...]
    probabilities: npt.NDArray[np.float32]
    trust: Trust
