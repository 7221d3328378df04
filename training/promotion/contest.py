"""The gate of promotion: challenger against champion on rows that neither has learnt."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.bundle import read_manifest
from models.history import Change
from models.prediction import TARGETS, Target
from models.registry import Registry
from models.versions import CHAMPION, UnknownVersion, VersionDamaged, VersionInfo
from training.errors import Refused, shown
from training.measuring.bootstrap import Answers, PairedBootstrap
from training.promotion.comparison import ClassVerdict, Comparison, HeadComparison, Verdict
from training.promotion.heldout import HeldOut, read_held_out
from training.promotion.protection import Protection

LEAST_ROWS = 6
"""Rows of a class below which nothing is said of it: five out of five lost may still be chance (sign test, 95%)."""


class PromotionRefused(Refused):
    """A protected class would lose recall; `comparison` has the figures."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison
        classes = ", ".join(
            f"{each.protection.target} {shown(each.protection.label)}"
            + (
                ""
                if each.recall is None or each.verdict is Verdict.GONE
                else f" {each.recall.change:+.3f} [{each.recall.low:+.3f}, {each.recall.high:+.3f}]"
            )
            for each in comparison.lost
        )
        number = comparison.challenger
        super().__init__(
            f"版本 {number} 未晋级：受保护类别召回下降超过容许（{classes}）。请补充这些类别的标注后再训练；确需启用请写："
            f"paidan models promote {number} --override --reason '…'（理由记入历史）。",
            f"version {number} is not promoted: protected classes lose recall beyond their tolerance ({classes}). Add "
            f"labelled rows of these classes and train again, or say why: paidan models promote {number} --override "
            "--reason '…' (kept in the history).",
        )


class OverrideWithoutReason(Refused):
    """The gate is to be overridden, and nobody says why."""

    def __init__(self) -> None:
        super().__init__(
            "--override 必须写明理由：--reason '…'，理由记入历史。",
            "--override needs a reason, which is kept in the history: --reason '…'.",
        )


def promote(
    registry: Registry,
    version: VersionInfo,
    comparison: Comparison | None,
    *,
    actor: str,
    reason: str,
    override: bool = False,
) -> Change:
    """Make a version the champion unless the gate's `comparison` speaks against it; None: there was nobody to compare to.

    Raises:
        PromotionRefused: a protected class would lose recall, and this is not overridden.
        OverrideWithoutReason: it is to be overridden, without a word why.
        RegistryError: see `models.registry.Registry.promote`.

    """
    if override and not reason.strip():
        raise OverrideWithoutReason
    if comparison is not None and comparison.lost and not override:
        raise PromotionRefused(comparison)
    said = "" if comparison is None else comparison.sentence(overridden=override and bool(comparison.lost))
    return registry.promote(str(version.number), actor, reason, said)


def compare(registry: Registry, version: VersionInfo, protections: Sequence[Protection]) -> Comparison | None:
    """Hold a version against the champion, on rows that neither had learnt when it answered them.

    Rows that both held out are answered by their twins; rows that only the challenger holds out, and that the champion
    had not learnt, are answered by the champion itself, as it was asked when the challenger was trained. None where
    there is no champion, or where the version is it.

    Raises:
        RegistryError: MLflow does not answer, or a bundle fails its checks.

    """
    try:
        champion = registry.resolve(CHAMPION)
    except UnknownVersion:
        return None
    if champion.number == version.number:
        return None
    ours, theirs = read_held_out(registry, version), read_held_out(registry, champion)
    pairs, why_not = _pairs(ours, theirs, champion)
    drawn = {target: PairedBootstrap(answers) for target, (answers, _) in pairs.items()}
    heads = tuple(
        HeadComparison(target, len(answers), twins, drawn[target].accuracy(), drawn[target].macro_f1())
        for target, (answers, twins) in pairs.items()
    )
    after = _classes(registry, version)
    try:
        before = _classes(registry, champion)
    except VersionDamaged:
        # a champion that cannot be loaded must not keep a sound version out
        before = (
            {} if theirs is None else {str(t): frozenset(said["label"]) for t, said in theirs.answers.groupby("target")}
        )
    verdicts = tuple(
        _verdict(each, drawn.get(each.target), gone=each.label not in after.get(each.target, ()))
        for each in protections
        if each.label in before.get(each.target, ())
    )
    return Comparison(champion.number, version.number, heads, verdicts, why_not)


def _pairs(
    ours: HeldOut | None, theirs: HeldOut | None, champion: VersionInfo
) -> tuple[dict[Target, tuple[Answers, int]], str]:
    if ours is None:
        return {}, "候选版本没有保存留出行 | the challenger has kept no held-out rows; train it again: paidan train"
    twins = theirs is not None and theirs.key == ours.key
    if not twins and ours.champion != champion.number:
        why = "没有保存留出行" if theirs is None else "用的是另一个摘要密钥（digest.key）"
        reason = "has kept no held-out rows" if theirs is None else "was trained under another digest.key"
        return {}, f"在用版本{why} | the champion {reason}"
    found = {}
    for target in TARGETS:
        asked = ours.answers[ours.answers["target"] == target].copy()
        asked["twin"] = asked["digest"].map(_said(theirs.answers, target)) if twins and theirs is not None else None
        own = _said(ours.champions, target) if ours.champion == champion.number else {}
        asked["champion"] = asked["twin"].where(asked["twin"].notna(), asked["digest"].map(own))
        paired = asked[asked["champion"].notna()]
        if len(paired):
            answers = Answers(
                target,
                paired["label"].to_numpy(dtype=str),
                paired["champion"].to_numpy(dtype=str),
                paired["predicted"].to_numpy(dtype=str),
                paired["group"].to_numpy(dtype=np.int64),
            )
            found[target] = answers, int(paired["twin"].notna().sum())
    return found, "" if found else (
        "没有哪一行是两个版本都没有学过的；请用与在用版本相同的 --seed 重新训练候选版本 | there is no row that both have "
        "not learnt; train the challenger again, with the seed that the champion had"
    )


def _said(answers: pd.DataFrame, target: Target) -> dict[str, str]:
    mine = answers[answers["target"] == target]
    return dict(zip(mine["digest"], mine["predicted"], strict=True))


def _classes(registry: Registry, version: VersionInfo) -> dict[str, frozenset[str]]:
    manifest = read_manifest(registry.fetch(version))
    return {head["target"]: frozenset(head["classes"]) for head in manifest["heads"]}


def _verdict(protection: Protection, drawn: PairedBootstrap | None, *, gone: bool) -> ClassVerdict:
    policy = protection.policy
    recall = None if drawn is None else drawn.recall(protection.label, policy.confidence)
    if recall is not None and not recall.rows:
        recall = None
    if gone:
        return ClassVerdict(protection, recall, Verdict.GONE)
    if recall is None or recall.rows < LEAST_ROWS:
        return ClassVerdict(protection, recall, Verdict.UNKNOWN)
    if recall.high < -policy.tolerance:
        return ClassVerdict(protection, recall, Verdict.LOST)
    kept = recall.low >= -policy.tolerance
    return ClassVerdict(protection, recall, Verdict.KEPT if kept else Verdict.UNKNOWN)
