"""Derive a charter from past work orders: who has what, and by which names places are known.

python -m notebooks.derive_charter --data past.csv.gz --column office=office --column domain=office_group

A city that has dispatched for a year has a division of work, written down or not. From labelled rows this makes the file
that a bureau would write by hand: units as offices, the domain labels as domains, for each domain and district the unit
that had most of it, and as territories the words by which a district is known. The result is a draft for a person to
read, and for `paidan charter check`; it holds words of the rows, so it belongs beside them, under PAIDAN_HOME.
"""

import io
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import click
import numpy as np
from ruamel.yaml import YAML
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from features.complaint import Complaint
from models.charter.places import PlaceFinder
from models.charter.reading import read_charter
from training.tables.columns import Role, parse_mapping
from training.tables.dataset import read_labelled

SHORTEST, LONGEST = 2, 5
LEAST_ROWS = 3
"""Rows of a district in which a word has to stand."""
LEAST_SHARE = 0.85
"""Of a word's rows that are of one district, after one row more of what its domains have anyway."""
LEAST_LIFT = 0.2
"""By which that share is more than what the word's domains have anyway: a word of a matter is no place."""
LEAST_PART = 0.01
"""Of a domain's rows in a place: a unit with fewer has no part in it."""
_TOWN = re.compile(r"(?P<town>.{1,6}?)(?P<kind>街道|镇|乡)")


def derive(texts, offices, domains, districts, name="derived"):
    """A charter as a YAML file has it, from rows of a time in which the division of work did not change.

    texts, offices, domains: str [rows]. districts: names of the districts, as they stand in the units' names. A unit
    whose name has none of them works for the whole city.
    """
    offices, domains = np.asarray(offices).astype(str), np.asarray(domains).astype(str)
    stations = {district: f"D-{district}" for district in districts}
    where = {unit: next((d for d in districts if d in unit), None) for unit in np.unique(offices).tolist()}
    names = place_names(texts, [where[unit] for unit in offices.tolist()], domains, districts)
    found = {
        "charter": 1,
        "name": name,
        "domains": {domain: domain for domain in sorted(set(domains.tolist()))},
        "offices": [
            *({"code": unit, "name": unit, "kind": "科室", **_aliases(unit, where[unit])} for unit in sorted(where)),
            *({"code": code, "name": f"{district}辖区", "kind": "所"} for district, code in stations.items()),
        ],
        "territories": [
            {"station": stations[district], "names": [district, *names[district]]} for district in districts
        ],
    }
    return found | {"responsibilities": _responsibilities(found, texts, offices, domains, where, stations)}


def place_names(texts, districts_of, domains, districts):
    """Words that stand nearly only in one district's rows, and far more so than their domains: by district."""
    known = [row for row, district in enumerate(districts_of) if district is not None]
    found = {district: [] for district in districts}
    if not known:
        return found
    written = [re.sub(r"[^\u4e00-\u9fff]", "\n", texts[row]) for row in known]
    counter = CountVectorizer(
        analyzer="char",
        ngram_range=(SHORTEST, LONGEST),
        min_df=min(LEAST_ROWS, len(written)),
        binary=True,
        lowercase=False,
    )
    rows = sparse.csr_matrix(counter.fit_transform(written))
    words = counter.get_feature_names_out()
    own = np.array([districts.index(districts_of[row]) for row in known])
    is_of = np.eye(len(districts))[own]
    usual = _usual(is_of, domains[known])
    often, by_habit = np.asarray(rows.T @ is_of), np.asarray(rows.T @ usual)
    total = often.sum(axis=1, keepdims=True)
    habit = by_habit / total
    share = (often + habit) / (total + 1)
    best = share.argmax(axis=1)
    at = np.arange(len(words))
    enough = (total[:, 0] >= LEAST_ROWS) & (share[at, best] >= LEAST_SHARE)
    telling = enough & (share[at, best] > habit.max(axis=1) + LEAST_LIFT)
    chosen = {}
    for j in sorted(np.flatnonzero(telling).tolist(), key=lambda j: (len(words[j]), words[j])):
        word, district = str(words[j]), districts[best[j]]
        # a longer word says nothing that the shorter one in it does not say
        inside = (word[a:b] for a in range(len(word)) for b in range(a + SHORTEST, len(word) + 1))
        if "\n" not in word and all(chosen.get(part) != district for part in inside):
            chosen[word] = district
    for word, district in chosen.items():
        if word not in districts:
            found[district].append(word)
    return found


def _usual(is_of, domains):
    """What share of a row's domain each district has anyway: [rows, districts]."""
    _, code = np.unique(domains, return_inverse=True)
    counts = np.zeros((code.max() + 1, is_of.shape[1]))
    np.add.at(counts, code, is_of)
    overall = (is_of.sum(axis=0) + 1) / (len(is_of) + is_of.shape[1])
    return ((counts + 5 * overall) / (counts.sum(axis=1, keepdims=True) + 5))[code]


def _aliases(unit, district):
    """The town or street of a unit, by which people call it."""
    if district is None:
        return {}
    found = _TOWN.match(unit.split(district, 1)[1].removeprefix("区"))
    if not found:
        return {}
    short = found["town"] + found["kind"]
    return {"aliases": [short, found["town"] + "街"] if found["kind"] == "街道" else [short]}


def _responsibilities(found, texts, offices, domains, where, stations):
    """For each domain and district the unit with most of its rows, where that is another than without a place."""
    finder = PlaceFinder(read_charter(to_yaml(found | {"responsibilities": [_filler(found)]})))
    seen = [finder.find(Complaint(text=text)) for text in texts]
    counts = defaultdict(Counter)
    for unit, domain, places in zip(offices.tolist(), domains.tolist(), seen, strict=True):
        counts[domain, None][unit] += 1
        station = places[0].station if places else None
        # a unit of another district is in the district's rows by a second place in them
        if station is not None and stations.get(where[unit], station) == station:
            counts[domain, station][unit] += 1
    rules = []
    for domain in sorted(set(domains.tolist())):
        anywhere = _rule(domain, None, counts[domain, None], where)
        of_places = [
            _rule(domain, station, counts[domain, station], where)
            for station in stations.values()
            if counts[domain, station]
        ]
        rules += [anywhere, *(rule for rule in of_places if _who(rule) != _who(anywhere))]
    return [{"code": f"R{number}", **rule} for number, rule in enumerate(rules, 1)]


def _rule(domain, station, counted, where):
    """The rule of the unit with most rows; those with some of them assist.

    Without a place a unit of a district has the ticket only until somebody knows where it belongs.
    """
    lead, *others = sorted(counted, key=lambda unit: (-counted[unit], unit))
    least = max(2, LEAST_PART * counted.total())
    assisting = [unit for unit in others if counted[unit] >= least and (station or where[unit] is None)]
    if station:
        return {"domains": [domain], "places": [station], "lead": lead, "assisting": assisting}
    if where[lead] is None:
        return {"domains": [domain], "lead": lead, "assisting": assisting}
    return {"domains": [domain], "lead": "属地所", "without_place": lead, "assisting": assisting}


def _who(rule):
    return rule["lead"], rule["assisting"]


def _filler(found):
    return {"code": "R0", "domains": list(found["domains"])[:1], "lead": found["offices"][0]["code"]}


def to_yaml(charter):
    """The file's text."""
    yaml, text = YAML(), io.StringIO()
    yaml.allow_unicode = True
    yaml.width = 4096
    yaml.dump(charter, text)
    return text.getvalue()


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME")
@click.option("--district-column", default="district", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path), default=None, help="default: PAIDAN_HOME/derived-charter.yaml"
)
def main(data, columns, district_column, output):
    """Derive a charter from all rows of the files."""
    rows = read_labelled(list(data), parse_mapping(columns))
    path = output or Path(os.environ.get("PAIDAN_HOME", "var")) / "derived-charter.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = derive(
        whole_texts(rows), rows.labels("office"), rows.labels("domain"), district_names(rows, district_column)
    )
    path.write_text(to_yaml(found), encoding="utf-8")
    names = sum(len(territory["names"]) for territory in found["territories"])
    click.echo(f"{len(found['offices'])} offices, {len(found['responsibilities'])} rules, {names} place names")


def district_names(rows, column):
    """The districts that rows name in a column of their own, as they stand in the names of units."""
    named = {str(value).strip() for value in rows.extra[column]} - {""}
    return sorted({re.sub(r"(?<=..)[区县市]$", "", name) for name in named})


def whole_texts(rows):
    """Title and text of each row."""
    titles = rows.columns.get(Role.TITLE, [""] * len(rows))
    return [f"{title}\n{text}" for title, text in zip(titles, rows.texts, strict=True)]


if __name__ == "__main__":
    main()
