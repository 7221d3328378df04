"""What a look at a case is worth: the mistake that it may prevent, what its label teaches, what it measures.

    value = misroute x chance that the answer is wrong
          + teaching x uncertainty x near-identical open cases, where no person has labelled one of them yet
          + measuring, for a case of the random sample

in units of one misrouted case. The first two terms are the decision-theoretic value of a label, prevented cost plus
information, as in A. Kapoor, E. Horvitz and S. Basu, "Selective Supervision", IJCAI 2007. Uncertainty times the number
of cases alike is the information density of B. Settles and M. Craven, EMNLP 2008, with near-identity for similarity;
the uncertainty is that of the margin (T. Scheffer et al., IDA 2001). The third term is the same for every case of the
sample: were the doubtful ones of them looked at first, the estimate from those looked at would be too low.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Worth:
    """The weights, in misrouted cases; policy, not measurement."""

    misroute: float = 1.0
    """A wrong dispatch that a look prevents."""
    teaching: float = 0.25
    """The misroutes that a label prevents among cases alike, per case, where the model cannot tell at all."""
    measuring: float = 0.5
    """One more case of the random sample known."""


USUAL = Worth()


class Look(NamedTuple):
    """What decides a look's worth.

    wrong: chance that the answer is wrong, 0 to 1. uncertainty: 0 (sure) to 1 (winner and runner-up level). alike: open
    near-identical cases, itself among them. taught: a person has labelled one of them. sampled: in the random sample.
    """

    wrong: float
    uncertainty: float
    alike: int
    taught: bool
    sampled: bool


class Value(NamedTuple):
    """The worth of a look and its parts."""

    misroute: float
    teaching: float
    measuring: float

    @property
    def total(self) -> float:
        """Their sum, by which the queue is ordered."""
        return self.misroute + self.teaching + self.measuring


def value(look: Look, worth: Worth) -> Value:
    """Value a look; a formula of the module's docstring."""
    if look.sampled:
        # its place among the sample must not depend on what it is
        return Value(0.0, 0.0, worth.measuring)
    teaching = 0.0 if look.taught else worth.teaching * look.uncertainty * look.alike
    return Value(worth.misroute * look.wrong, teaching, 0.0)


def chance_wrong(confidences: tuple[float, ...], challenger: float | None = None, *, returned: bool = False) -> float:
    """Give the chance that some head's answer is wrong.

    confidences: calibrated probability of each head's answer; the least of them decides, because the chance that one
    of several is wrong is at least the largest of their chances (M. Fréchet's bound). challenger: the probability that
    another version gives to its own, other answer; the two are averaged (linear opinion pool, M. Stone 1961). An answer
    whose office sent the case back is wrong. No confidences: nothing was answered, so nothing can be wrong.
    """
    if returned:
        return 1.0
    if not confidences:
        return 0.0
    right = min(confidences)
    if challenger is not None:
        right = (right + 1.0 - challenger) / 2
    return 1.0 - right


def uncertainty(confidence: float, runner_up: float) -> float:
    """Give 1 minus the margin between winner and runner-up."""
    return 1.0 - (confidence - runner_up)


def explain(look: Look, worth: Worth) -> tuple[str, str]:
    """Say why a case stands where it stands: the sum with its figures, in Chinese and in English."""
    parts = value(look, worth)
    if look.sampled:
        sentence = f"{parts.total:.2f}"
        return f"随机抽检 {sentence}", f"audit sample {sentence}"
    chinese = [f"可能有误 {look.wrong:.0%} × {worth.misroute:g}"]
    english = [f"{look.wrong:.0%} likely wrong × {worth.misroute:g}"]
    if look.taught:
        chinese.append("同类已有人工标注 0")
        english.append("a case alike is labelled already: 0")
    else:
        chinese.append(f"不确定 {look.uncertainty:.0%} × 同类待审 {look.alike} 件 × {worth.teaching:g}")
        english.append(f"{look.uncertainty:.0%} unsure × {look.alike} open alike × {worth.teaching:g}")
    return f"{' + '.join(chinese)} = {parts.total:.2f}", f"{' + '.join(english)} = {parts.total:.2f}"
