import re
from datetime import date
from pathlib import Path

import pytest

from models.charter.checking import check, errors_of
from models.charter.division import Division
from models.charter.reading import read_charter

PAGE = (Path(__file__).parents[2] / "docs" / "charter.md").read_text(encoding="utf-8")
WHOLE, REORGANISED = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_charter_that_the_page_shows_has_nothing_wrong():
    assert check(read_charter(WHOLE, "charter.md"), date(2026, 4, 1)) == ()


def test_the_offices_that_the_page_renames_and_splits_go_on_as_it_says():
    others = [line for line in re.findall(r"  - \{code: .*kind: .*", WHOLE) if "O02" not in line and "T02" not in line]
    names = "station: T03\n    names: [桥西大道]\n  - station: T04"
    text = re.sub(r"offices:.*?\n\n", lambda _: f"{REORGANISED}{chr(10).join(others)}\n\n", WHOLE, flags=re.DOTALL)
    charter = read_charter(text.replace("station: T02", names).replace("      - 桥西大道\n", ""))
    assert errors_of(check(charter, date(2026, 4, 1))) == ()
    before, after = Division(charter, date(2026, 12, 31)), Division(charter, date(2027, 1, 1))
    assert (before.today("O05"), after.today("O02"), after.today("T02")) == (("O02",), ("O05",), ("T03", "T04"))
    assert (before.duty("FDS", "complaint", None, "T03").lead, after.duty("FDS", "report", None, "T03").lead) == (
        "T02",
        "T03",
    )
    assert after.duty("FDS", "report", "production", None).lead == "O05"


@pytest.mark.parametrize(
    "code",
    sorted(
        set(re.findall(r"[a-z]+_[a-z_]+|gap|overlap|retired", PAGE[PAGE.index("## 核对") : PAGE.index("Warnings")]))
    ),
)
def test_each_error_that_the_page_names_is_one_that_the_check_gives(code):
    checks = Path(__file__).parents[2] / "models" / "charter" / "checks"
    assert any(f'"{code}"' in module.read_text(encoding="utf-8") for module in checks.glob("*.py"))
