"""Which charter was in force when, and who decided that."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from auditing.charters.book import DEMO, CharterBook, CharterChangeKind
from auditing.charters.errors import ChangeUnexplained, CharterChanged, CharterRefused, NoEarlierCharter, UnknownCharter
from auditing.errors import StoreUnavailable
from auditing.log.accesses import AccessLog
from auditing.log.verify import verify
from auditing.store.database import open_engine
from models.charter.demo import DEMO as DEMO_FILE
from models.charter.demo import demo_charter
from models.charter.reading import CharterUnreadable

TEXT = DEMO_FILE.read_text(encoding="utf-8")
NOON = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.at = NOON

    def __call__(self):
        self.at += timedelta(minutes=1)
        return self.at


@pytest.fixture
def book(log):
    return CharterBook(log.engine, now=Clock())


@pytest.fixture
def put(book):
    """Hand in the demo charter with a remark at its end; its number."""

    def put(remark):
        return book.put(f"{TEXT}\n# {remark}\n", "李组长", "草案").number

    return put


def test_where_nothing_was_activated_the_demo_is_in_force(book, put):
    put("一")
    active = book.active()
    assert (active.number, active.version.version, active.version.name) == (DEMO, "demo", demo_charter().name)
    assert active.read() == demo_charter()
    assert active.text == TEXT
    assert book.active(NOON) == active
    assert book.history() == ()


def test_a_charter_is_kept_as_it_was_written_and_once(book, put):
    first, second = put("一"), put("二")
    assert (first, second, put("一")) == (1, 2, 1)
    kept = book.get(1)
    assert kept.text.endswith("# 一\n")
    assert (kept.actor, kept.note, kept.version.version) == ("李组长", "草案", "1")
    assert kept.read().digest == kept.digest
    assert [each.number for each in book.versions()] == [1, 2]


def test_what_is_no_charter_is_not_kept(book):
    with pytest.raises(CharterUnreadable):
        book.put("offices: [", "李组长")
    assert book.versions() == ()


def test_activations_and_rollbacks_step_like_an_editor_down_to_the_demo(book, put):
    one, two = put("一"), put("二")
    book.activate(one, "李组长", "机构改革")
    before = book.activate(two, "李组长", "新所成立").at - timedelta(seconds=1)
    book.activate(one, "李组长", "改回")
    assert [book.rollback("王", "误操作").number for _ in range(3)] == [two, one, DEMO]
    with pytest.raises(NoEarlierCharter):
        book.rollback("王", "再退")
    book.activate(two, "李组长", "再启用")
    assert book.rollback("王", "再退").number == DEMO
    assert book.active(before).number == one
    assert book.active(NOON).number == DEMO
    first = book.history()[0]
    assert (first.seq, first.kind, first.actor, first.reason, first.previous, first.number) == (
        1, CharterChangeKind.ACTIVATE, "李组长", "机构改革", DEMO, one,
    )  # fmt: skip


def test_a_charter_in_which_the_check_finds_errors_is_not_activated(book):
    # a domain that nobody is responsible for
    gap = book.put(TEXT.replace("  GEN:", "  NEW: 新领域\n  GEN:"), "李组长")
    with pytest.raises(CharterRefused, match="NEW"):
        book.activate(gap.number, "李组长", "试")
    assert book.active_number() == DEMO
    assert book.history() == ()


def test_changes_need_a_reason_and_a_charter_that_is_there(book, put):
    with pytest.raises(ChangeUnexplained):
        book.activate(put("一"), "李组长", " ")
    with pytest.raises(UnknownCharter, match="known: 1"):
        book.activate(7, "李组长", "试")
    assert book.active_number() == DEMO


def test_a_change_comes_after_the_last_one_whatever_the_clocks_say(book, put):
    late = book.activate(put("一"), "李组长", "快钟", NOON + timedelta(days=1))
    then = book.activate(put("二"), "李组长", "慢钟")
    assert late.at < then.at
    assert book.active().number == then.number


def test_whoever_has_not_seen_the_last_change_changes_nothing(book, put):
    first, second = put("一"), put("二")
    book.activate(first, "李组长", "首次启用", after=0)
    for change in (lambda: book.activate(second, "王", "补充", after=0), lambda: book.rollback("王", "退", after=0)):
        with pytest.raises(CharterChanged, match="李组长"):
            change()
    assert book.active().number == first
    assert book.activate(second, "王", "补充", after=1).seq == 2
    assert book.rollback("王", "退", after=2).number == first


def test_the_history_shows_a_name_and_the_access_log_an_id(book, log):
    book.put(TEXT + "\n# 一\n", "李组长", by="u_1")
    assert book.activate(1, "李组长", "启用", by="u_1").actor == "李组长"
    assert {each.who for each in AccessLog(log.engine).latest()} == {"u_1"}


def test_two_activations_at_once_follow_each_other(put, prepared):
    engine = open_engine(prepared, busy_timeout=30)
    book = CharterBook(engine)
    numbers = [put(str(each)) for each in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: book.activate(number, "李组长", "同时"), numbers))
    changes = book.history()
    assert [each.seq for each in changes] == list(range(1, 9))
    assert [each.previous for each in changes] == [DEMO, *(each.number for each in changes[:-1])]
    assert sorted(each.number for each in changes) == numbers
    engine.dispose()


def test_every_change_is_in_the_chained_access_log_with_its_digest(book, put, log):
    book.activate(put("一"), "李组长", "机构改革")
    said = [each.detail for each in AccessLog(log.engine).latest()]
    assert any(each.startswith("charter activate 0 1") and book.get(1).digest in each for each in said)
    assert not any(report.faults for report in verify(log.engine))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_store_that_is_away_is_named(database, tmp_path):
    book = CharterBook(open_engine(f"sqlite:///{tmp_path / 'none' / 'caselog.db'}"))
    for ask in (book.active, book.history, lambda: book.rollback("王", "试")):
        with pytest.raises(StoreUnavailable):
            ask()
