"""The console's misroute report: figures with denominators, confusions down to the cases, files to keep."""

import io
from urllib.parse import urlencode

from markupsafe import Markup

from auditing.cases.provenance import Provenance
from auditing.figures.agreement import reviewers_agreement
from auditing.figures.measures import FORMULAS, By, Metric, Window, accuracy_of_all, figures
from auditing.figures.misroutes import SILENT, Chosen, cases_of_cell, confusion
from auditing.figures.report import figures_table, report
from auditing.figures.svg import Point, confusion_svg, trend_svg
from auditing.figures.tables import write_csv, write_xlsx
from auditing.log.accesses import Action
from models.prediction import TARGETS, Target
from serving.console.desk import Desk, day_of
from serving.console.visits import CONSOLE, AskedWrongly, Download, Page, Reply, Visit

REPORT = f"{CONSOLE}/report"

TRENDS = (Metric.FIRST_DISPATCH, Metric.RETURN_RATE, Metric.OVERRIDE_RATE)
"""Figures that are drawn week by week."""

_SHOWN_MISROUTES = 15
_SHOWN_CASES = 200
_FILTERS = ("since", "until", "version", "auto", "source")


def show_report(desk: Desk, visit: Visit) -> Reply:
    """Show who is taken for whom, and every figure."""
    chosen, by = _chosen(visit), _by(visit)
    complete = desk.keeper.catch_up()
    filters = {name: visit.query[name] for name in _FILTERS if name in visit.query}
    desk.note(visit, Action.SEARCH, None, f"report {urlencode(filters)}"[:200])
    names, english = desk.names(), visit.preferences.language == "en"
    confusions = {}
    for target in TARGETS:
        found = confusion(desk.engine, target, chosen)
        if not found.total:
            continue

        def link(true: str, predicted: str, target: Target = target) -> str:
            return f"{REPORT}/cell?{urlencode({**filters, 'target': target, 'true': true, 'predicted': predicted})}"

        title = ("Who is taken for whom: " if english else "错派混淆：") + target
        confusions[target] = {
            "total": found.total,
            "right": found.right,
            # drawn by us, every label in it escaped
            "picture": Markup(confusion_svg(found, link, names, title)),  # noqa: S704
            "misroutes": [
                (cell, link(cell.true, cell.predicted)) for cell in found.cells if cell.true != cell.predicted
            ][:_SHOWN_MISROUTES],
        }
    weekly = figures(desk.engine, By.WEEK, chosen.window)
    trends = []
    for metric in TRENDS:
        points = [Point(each.group or "", each.value, each.low, each.high) for each in weekly if each.metric is metric]
        if points:
            title = FORMULAS[metric].name_en if english else FORMULAS[metric].name_zh
            trends.append((title, Markup(trend_svg(points, title))))  # noqa: S704 - as above
    return Page(
        "report",
        {
            "confusions": confusions,
            "figures": figures(desk.engine, None, chosen.window),
            "grouped": figures(desk.engine, by, chosen.window) if by else [],
            "by": by,
            "groupings": tuple(By),
            "formulas": FORMULAS,
            "trends": trends,
            "agreement": reviewers_agreement(desk.engine, chosen.window),
            "overall": accuracy_of_all(desk.engine, chosen.window),
            "names": names,
            "filters": filters,
            "query": urlencode(filters),
            "complete": complete,
            "means": (Metric.MEAN_HOPS,),
        },
    )


def show_cell(desk: Desk, visit: Visit) -> Reply:
    """Show the cases of a cell of a confusion."""
    chosen, query = _chosen(visit), visit.query
    target = query.get("target", "")
    if target not in TARGETS or "true" not in query:
        raise AskedWrongly("target")
    true, predicted = query["true"], query.get("predicted", SILENT)
    desk.note(visit, Action.SEARCH, None, f"cell {target} {true} {predicted}"[:200])
    found = cases_of_cell(desk.engine, target, true, predicted, chosen, limit=_SHOWN_CASES)
    return Page(
        "cell",
        {
            "cases": found,
            "target": target,
            "true": true,
            "predicted": predicted,
            "names": desk.names(),
            "most": _SHOWN_CASES,
        },
    )


def export_csv(desk: Desk, visit: Visit) -> Reply:
    """Give the figures as CSV."""
    chosen, file = _chosen(visit), io.BytesIO()
    desk.keeper.catch_up()
    desk.note(visit, Action.EXPORT, None, "report.csv")
    write_csv(file, figures_table(desk.engine, chosen.window, desk.names()))
    return Download("report.csv", "text/csv; charset=utf-8", file.getvalue())


def export_xlsx(desk: Desk, visit: Visit) -> Reply:
    """Give the whole report as XLSX."""
    chosen, file = _chosen(visit), io.BytesIO()
    desk.keeper.catch_up()
    desk.note(visit, Action.EXPORT, None, "report.xlsx")
    write_xlsx(file, report(desk.engine, chosen, desk.names()))
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return Download("report.xlsx", media_type, file.getvalue())


def _chosen(visit: Visit) -> Chosen:
    query, source, auto = visit.query, visit.query.get("source"), visit.query.get("auto")
    if source is not None and source not in tuple(Provenance):
        raise AskedWrongly("source")
    if auto not in (None, "yes", "no"):
        raise AskedWrongly("auto")
    return Chosen(
        Window(day_of(visit, "since"), day_of(visit, "until")),
        query.get("version"),
        None if auto is None else auto == "yes",
        Provenance(source) if source else None,
    )


def _by(visit: Visit) -> By | None:
    given = visit.query.get("by")
    if given is not None and given not in tuple(By):
        raise AskedWrongly("by")
    return By(given) if given else None
