"""Named reasons to look at a prediction. Each is a small pure function; its name reaches the reviewer.

The functions take arrays, one element per prediction, or plain values, and give booleans of the same shape.
Suspected label errors need a library and labels, and live in `auditing.figures.label_errors`.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from auditing.log.events import HARD_AFTER
from models.decision import LOW_MARGIN
from models.prediction import Decision

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]

RARE_PAIR = 0.01
"""A pair of domain and office that fewer of the domain's cases have than this share is no evidence that they fit."""


class Doubt(StrEnum):
    """The reasons, most telling first."""

    HARD_CASE = "hard_case"
    RETURNED = "returned"
    SECOND_LOOK = "second_look"
    SUSPECTED_LABEL_ERROR = "suspected_label_error"
    CHALLENGER_DISAGREES = "challenger_disagrees"
    OUT_OF_DISTRIBUTION = "out_of_distribution"
    LOW_CONFIDENCE = "low_confidence"
    HEADS_DISAGREE = "heads_disagree"
    LOW_MARGIN = "low_margin"
    AUDIT_SAMPLE = "audit_sample"


class Told(NamedTuple):
    """A doubt in words: its name and one sentence, Chinese and English."""

    name_zh: str
    name_en: str
    why_zh: str
    why_en: str


TOLD: Mapping[Doubt, Told] = {
    Doubt.HARD_CASE: Told(
        "疑难件", "hard case", "已被退回两次或提请裁定，需终局裁定", "returned twice or sent up: needs a final ruling"
    ),
    Doubt.RETURNED: Told("被退回", "returned", "承办单位退回了本件", "the office sent it back"),
    Doubt.SECOND_LOOK: Told(
        "请求复核", "second look", "另一位审核员请求复核", "another reviewer asked for a second look"
    ),
    Doubt.SUSPECTED_LABEL_ERROR: Told(
        "疑似标注错误",
        "suspected label error",
        "登记的归属与模型的判断相去甚远，标注可能有误",
        "the recorded label is far from what the model makes of it: the label may be wrong",
    ),
    Doubt.CHALLENGER_DISAGREES: Told(
        "新模型意见不同",
        "challenger disagrees",
        "候选模型给出了不同的承办单位或领域",
        "the challenger names another office or domain",
    ),
    Doubt.OUT_OF_DISTRIBUTION: Told(
        "超出所学范围",
        "out of distribution",
        "文本与训练数据差别太大，模型没有给出答案",
        "unlike anything that the model learnt from; it gave no answer",
    ),
    Doubt.LOW_CONFIDENCE: Told(
        "把握不足", "low confidence", "模型的把握低于建议门槛", "below the least confidence for a suggestion"
    ),
    Doubt.HEADS_DISAGREE: Told(
        "领域与承办单位不符",
        "domain and office disagree",
        "该承办单位很少办理所判领域的投诉",
        "this office seldom handles complaints of this domain",
    ),
    Doubt.LOW_MARGIN: Told(
        "难分前二", "low margin", "第一名与第二名的概率相差太小", "winner and runner-up are too close"
    ),
    Doubt.AUDIT_SAMPLE: Told(
        "随机抽检", "audit sample", "随机抽中，用于估计全部流量的准确率", "drawn at random, to measure all traffic"
    ),
}
"""What the reviewer reads."""


def low_margin(confidence: Floats | float, runner_up: Floats | float, floor: float = LOW_MARGIN) -> Bools:
    """Winner and runner-up are closer than `floor` in probability."""
    return np.asarray(np.subtract(confidence, runner_up) < floor)


def low_confidence(decision: str | None) -> bool:
    """The version's own policy leaves the answer to a person: its probability is below the floor for suggestions."""
    return decision == Decision.ABSTAIN


def out_of_distribution(codes: Sequence[str | None]) -> Bools:
    """No label was given: the text is unlike what the model learnt from (see `models.triage.out_of_scope`)."""
    return np.array([code is None for code in codes], bool)


def heads_disagree(domain: str | None, office: str | None, handled: Mapping[str, Collection[str]]) -> bool:
    """`office` is none of those that handle `domain`; where that is not known, nothing disagrees."""
    return domain is not None and office is not None and domain in handled and office not in handled[domain]


def handled_by(pairs: Mapping[tuple[str, str], int], rare: float = RARE_PAIR) -> dict[str, frozenset[str]]:
    """Say which offices handle which domain, from counts of (domain, office).

    An office handles a domain where it has at least the share `rare` of the domain's cases.
    """
    totals: dict[str, int] = {}
    for (domain, _), count in pairs.items():
        totals[domain] = totals.get(domain, 0) + count
    found: dict[str, set[str]] = {}
    for (domain, office), count in pairs.items():
        if count and count >= rare * totals[domain]:
            found.setdefault(domain, set()).add(office)
    return {domain: frozenset(offices) for domain, offices in found.items()}


def returned(returns: int) -> bool:
    """An office sent the ticket back."""
    return returns > 0


def hard_case(returns: int, *, sent_up: bool = False) -> bool:
    """Returned `HARD_AFTER` times since the last ruling, or a reviewer asked for one (`sent_up`)."""
    return sent_up or returns >= HARD_AFTER


def challenger_disagrees(champion: Sequence[str | None], challenger: Sequence[str | None]) -> bool:
    """The challenger answers some head otherwise; heads in one order, None where a head has no answer."""
    return any(one != other for one, other in zip(champion, challenger, strict=True))


def audit_sample(prediction_id: str, rate: float, key: bytes) -> bool:
    """Whether the prediction belongs to the random sample of all traffic.

    Each is drawn by itself with chance `rate` (0 to 1): Poisson sampling, by a keyed hash (BLAKE2b, RFC 7693), so that
    nobody without `key` can tell beforehand, and asking again gives the same.
    """
    return draw(prediction_id, key) < rate


def draw(prediction_id: str, key: bytes) -> float:
    """Give the number from 0 to below 1 that decides whether a prediction is drawn."""
    digest = blake2b(prediction_id.encode(), digest_size=8, key=key, person=b"audit").digest()
    return int.from_bytes(digest, "big") / 2**64
