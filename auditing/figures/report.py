"""The misroute report as tables: the figures, who is taken for whom, and what each figure means."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from auditing.figures.agreement import reviewers_agreement
from auditing.figures.measures import EVER, FORMULAS, By, Figure, Window, accuracy_of_all, figures
from auditing.figures.misroutes import ALL, Chosen, Confusion, confusion
from auditing.figures.tables import Table
from models.prediction import TARGETS

_GROUPS = {
    None: "合计 total",
    By.OFFICE: "单位 office",
    By.DOMAIN: "领域 domain",
    By.VERSION: "版本 version",
    By.WEEK: "周 week",
}


def report(engine: Engine, chosen: Chosen = ALL, names: Mapping[str, str] | None = None) -> dict[str, Table]:
    """Give the sheets of the report by their names; `names` are those of offices and domains.

    `chosen` narrows the confusions; of it the window holds for everything.
    """
    window = chosen.window
    sheets: dict[str, Table] = {"指标 figures": figures_table(engine, window, names or {})}
    for target in TARGETS:
        sheets[f"混淆 {target}"] = confusion_table(confusion(engine, target, chosen), names or {})
    sheets["复核一致 agreement"] = agreement_table(engine, window)
    sheets["公式 formulas"] = formulas_table()
    return sheets


def figures_table(engine: Engine, window: Window = EVER, names: Mapping[str, str] | None = None) -> Table:
    """Give every figure of everything, and by office, domain, version and week; last the estimate over all traffic."""
    rows = [_row(figure, _GROUPS[by], names or {}) for by in (None, *By) for figure in figures(engine, by, window)]
    found = accuracy_of_all(engine, window)
    rows.append(
        [
            "全量准确率估计",
            "accuracy over all traffic (estimate)",
            _GROUPS[None],
            "",
            "",
            None,
            found.looked,
            found.value,
            found.low,
            found.high,
        ]
    )
    headers = [
        "指标", "metric", "分组 by", "组 group", "名称 name", "分子 numerator", "分母 denominator", "值 value",
        "下限 95% low", "上限 95% high",
    ]  # fmt: skip
    return headers, rows


def confusion_table(found: Confusion, names: Mapping[str, str]) -> Table:
    """Give the cells, misroutes first: what is right, what was predicted, how many, which share of what is right."""
    totals = dict(zip(found.labels, found.counts.sum(axis=1).tolist(), strict=True))
    headers = ["应为 true", "名称 name", "判为 predicted", "名称 name", "件数 cases", "占应为 share of true"]
    rows = [
        [
            cell.true,
            names.get(cell.true, ""),
            cell.predicted or "—",
            names.get(cell.predicted, ""),
            cell.cases,
            cell.cases / totals[cell.true],
        ]
        for cell in found.cells
    ]
    return headers, rows


def agreement_table(engine: Engine, window: Window = EVER) -> Table:
    """Give the agreement of two reviewers for each head."""
    headers = ["项 head", "双人复核 pairs", "一致 agreed", "一致率 share", "下限 95% low", "上限 95% high", "Cohen κ"]
    return headers, [list(each) for each in reviewers_agreement(engine, window)]


def formulas_table() -> Table:
    """Give the figures' names and formulas."""
    headers = ["指标", "公式", "metric", "formula"]
    return headers, [[f.name_zh, f.formula_zh, f.name_en, f.formula_en] for f in FORMULAS.values()]


def _row(figure: Figure, group: str, names: Mapping[str, str]) -> Sequence[str | int | float | None]:
    formula = FORMULAS[figure.metric]
    return [
        formula.name_zh,
        formula.name_en,
        group,
        figure.group or "",
        names.get(figure.group or "", ""),
        figure.numerator,
        figure.denominator,
        figure.value,
        figure.low,
        figure.high,
    ]
