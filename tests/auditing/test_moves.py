"""Which tickets of the log would move by a new charter: by its rules, its places and its conditions."""

from datetime import date

import orjson
import pytest

from auditing.charters.moves import past_tickets
from features.complaint import Complaint
from models.charter.articles import Request
from models.charter.demo import DEMO, demo_charter
from models.charter.difference import Move, moved
from models.charter.reading import read_charter
from models.prediction import Decision, HeadAnswer, ModelVersion, Triage

DAY = date(2026, 11, 20)


@pytest.fixture
def ask(log, settled):
    """Log an answer of a domain, as the service writes it."""

    def ask(ticket, domain, text, kind=None, **fields):
        complaint = Complaint(text=text, source="12345", ticket_id=ticket, **fields)
        head = HeadAnswer(domain, domain, 0.8, Decision.SUGGEST, (), None) if domain else None
        triage = Triage(ModelVersion("complaint-triage", "1"), complaint, head, None, (), (), ())
        entry = log.entry(complaint, settled(triage))
        said = orjson.loads(entry.answer)
        # answers of before the charter had no kinds
        said = said | {"kind": [kind]} if kind else {name: said[name] for name in said if name != "kind"}
        entry = entry._replace(answer=orjson.dumps(said))
        (recorded,) = log.write([entry])
        return recorded.prediction_id

    return ask


@pytest.fixture
def changed():
    """Give the demo charter with a piece of its text replaced."""
    text = DEMO.read_text(encoding="utf-8")

    def changed(old, new):
        assert old in text
        return read_charter(text.replace(old, new))

    return changed


@pytest.mark.parametrize("database", ["sqlite"])
def test_each_ticket_counts_once_with_its_latest_answer_and_only_with_a_domain(log, ask):
    ask("a", "CAT", "外卖有头发")
    latest = ask("a", "FDS", "外卖有头发，补充", Request.REPORT, address="东亭街道1号")
    ask("b", None, "你好")
    other = ask("c", "ADV", "我要举报虚假广告")
    found = past_tickets(log.engine, 10)
    assert [(each.name, each.domain) for each in found] == [(other, "ADV"), (latest, "FDS")]
    assert found[1].complaint.address == "东亭街道1号"
    assert found[1].kind is Request.REPORT
    assert len(past_tickets(log.engine, 1)) == 1


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_same_charter_moves_nothing(log, ask):
    ask("a", "CAT", "外卖有头发", address="东亭街道1号")
    assert moved(demo_charter(), demo_charter(), past_tickets(log.engine, 10), DAY) == ()


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_place_that_changes_hands_moves_the_tickets_that_name_it(log, ask, changed):
    ids = [ask(f"{number}", "CAT", "火锅里有头发", address="东亭菜市场旁") for number in range(7)]
    ask("elsewhere", "CAT", "火锅里有头发", address="桥西大道1号")
    new = changed("      - 桥西街道\n", "      - 桥西街道\n      - 东亭菜市场旁\n")
    (move,) = moved(demo_charter(), new, past_tickets(log.engine, 10), DAY)
    assert move == Move("T01", "T02", 7, tuple(ids[:1:-1]))


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_new_word_of_a_condition_moves_the_tickets_that_have_it(log, ask, changed):
    ask("a", "UFC", "有人叫我加入星球计划赚钱")
    new = changed("[传销, ", "[传销, 星球计划, ")
    (move,) = moved(demo_charter(), new, past_tickets(log.engine, 10), DAY)
    assert (move.source, move.target, move.tickets) == ("O12", "O18", 1)
