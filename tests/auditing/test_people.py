from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Role
from auditing.log.verify import verify
from auditing.people.accounts import People
from auditing.people.errors import NameUnfit, PasswordUnfit, PersonKnown, SignInRefused, SignInSlowed, UnknownPerson
from auditing.people.passwords import Passwords
from auditing.people.sessions import IDLE, LONGEST, LONGEST_WAIT, Sessions, wait_after
from auditing.store.schema_history import people, sessions, sign_in_failures

WORD = "白日依山尽黄河入海流"


class Clock:
    def __init__(self):
        self.at = datetime(2026, 10, 3, 4, 0, tzinfo=UTC)

    def __call__(self):
        return self.at

    def pass_by(self, span):
        self.at += span


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="module")
def passwords():
    # argon2id all the same, with as little memory as it takes
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def accounts(log, passwords, clock):
    return People(log.engine, passwords, now=clock)


@pytest.fixture
def door(log, passwords, clock):
    return Sessions(log.engine, passwords, b"k" * 32, now=clock)


@pytest.fixture
def li(accounts):
    return accounts.add("李审核", WORD, Role.REVIEWER, "local")


def told(log):
    return [(each.who, each.action, each.detail) for each in reversed(AccessLog(log.engine).latest())]


def test_a_password_is_stored_as_argon2id_only(accounts, li, log):
    with log.engine.connect() as connection:
        (stored,) = connection.scalars(select(people.c.password_hash))
    assert stored.startswith("$argon2id$")
    assert WORD not in stored
    assert accounts.list() == (li,)


@pytest.mark.parametrize("password", ["kurz", "a" * 12, "x李审核李审核李审核x", "x" * 201])
def test_a_password_that_protects_little_is_refused_and_not_repeated(accounts, password):
    with pytest.raises(PasswordUnfit) as refused:
        accounts.add("李审核", password, Role.REVIEWER, "local")
    assert password not in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "office:O04", "a\nb", "n" * 65])
def test_a_name_that_could_be_taken_for_another_is_refused(accounts, name):
    with pytest.raises(NameUnfit):
        accounts.add(name, WORD, Role.REVIEWER, "local")


def test_a_name_stands_for_one_person_for_good(accounts, li):
    accounts.disable("李审核", "local")
    with pytest.raises(PersonKnown):
        accounts.add(" 李审核 ", WORD, Role.ADMIN, "local")
    with pytest.raises(UnknownPerson, match="李审核"):
        accounts.disable("王五", "local")


def test_changes_of_accounts_and_coming_and_going_are_in_the_access_log(accounts, door, li, log):
    accounts.set_role("李审核", Role.LEAD, "u_boss")
    session = door.sign_in("李审核", WORD)
    with pytest.raises(SignInRefused):
        door.sign_in("李审核", "falsch falsch")
    with pytest.raises(SignInRefused):
        door.sign_in("my-password-in-the-wrong-field", WORD)
    door.sign_out(session)
    assert told(log) == [
        ("local", Action.CHANGE, f"person added {li.person_id} reviewer"),
        ("u_boss", Action.CHANGE, f"person role lead {li.person_id}"),
        (li.person_id, Action.SIGN_IN, ""),
        (li.person_id, Action.REFUSED, "sign_in"),
        ("stranger", Action.REFUSED, "sign_in"),
        (li.person_id, Action.SIGN_OUT, ""),
    ]
    assert not any(report.faults for report in verify(log.engine))


def test_a_session_is_known_by_its_token_until_it_ends(door, li, log):
    session = door.sign_in("李审核", WORD)
    found = door.find(session.token)
    assert (found.person, found.csrf) == (li, session.csrf)
    assert door.find("something else") is None
    with log.engine.connect() as connection:
        (row,) = connection.execute(select(sessions))
    assert session.token not in str(row)
    assert session.csrf not in str(row)
    door.sign_out(session)
    assert door.find(session.token) is None


def test_each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(door, li):
    first = door.sign_in("李审核", WORD)
    second = door.sign_in("李审核", WORD, first.token)
    assert first.token != second.token
    assert door.find(first.token) is None
    assert door.find(second.token) is not None


def test_a_form_is_believed_only_with_the_token_of_its_own_session(door, li):
    one, other = door.sign_in("李审核", WORD), door.sign_in("李审核", WORD)
    assert one.is_meant(one.csrf)
    assert not one.is_meant(other.csrf)
    assert not one.is_meant("")


def test_a_session_ends_when_idle_and_at_last_in_any_case(door, li, clock):
    session = door.sign_in("李审核", WORD)
    clock.pass_by(IDLE - timedelta(seconds=1))
    assert door.find(session.token)
    clock.pass_by(IDLE - timedelta(seconds=1))
    assert door.find(session.token)
    clock.pass_by(IDLE)
    assert door.find(session.token) is None
    session = door.sign_in("李审核", WORD)
    for _ in range(LONGEST // (IDLE / 2)):
        clock.pass_by(IDLE / 2)
        found = door.find(session.token)
    assert found is None


@pytest.mark.parametrize(
    "change", [lambda a: a.disable("李审核", "x"), lambda a: a.set_password("李审核", WORD + "。", "x")]
)
def test_a_disablement_and_another_password_end_sessions(accounts, door, li, change):
    session = door.sign_in("李审核", WORD)
    change(accounts)
    assert door.find(session.token) is None
    with pytest.raises(SignInRefused):
        door.sign_in("李审核", WORD)


def test_a_new_password_lets_a_disabled_person_in_again(accounts, door, li):
    accounts.disable("李审核", "local")
    assert accounts.set_password("李审核", "更上一层楼欲穷千里目", "local").disabled_at is None
    assert door.sign_in("李审核", "更上一层楼欲穷千里目").person.name == "李审核"


def test_another_role_holds_from_the_next_request_on(accounts, door, li):
    session = door.sign_in("李审核", WORD)
    accounts.set_role("李审核", Role.LEAD, "local")
    assert door.find(session.token).person.is_senior


@pytest.mark.parametrize("name", ["李审核", "没有这个人"])
def test_failed_attempts_slow_the_next_one_down_whether_the_name_exists_or_not(door, li, clock, name):
    for _ in range(3):
        with pytest.raises(SignInRefused):
            door.sign_in(name, "falsch falsch")
    with pytest.raises(SignInSlowed) as slowed:
        door.sign_in(name, WORD)
    assert slowed.value.seconds == 1
    clock.pass_by(timedelta(seconds=1))
    with pytest.raises(SignInRefused):
        door.sign_in(name, "falsch falsch")
    with pytest.raises(SignInSlowed) as slowed:
        door.sign_in(name, WORD)
    assert slowed.value.seconds == 2


def test_the_right_password_ends_the_waiting(door, li, clock, log):
    for _ in range(3):
        with pytest.raises(SignInRefused):
            door.sign_in("李审核", "falsch falsch")
    clock.pass_by(timedelta(seconds=2))
    assert door.sign_in("李审核", WORD)
    assert door.sign_in("李审核", WORD)
    with log.engine.connect() as connection:
        assert not connection.execute(select(sign_in_failures)).all()


def test_nobody_is_kept_out_for_longer_than_a_minute():
    assert [wait_after(number) for number in (0, 2, 3, 4, 5, 8, 9, 10_000)] == [0, 0, 1, 2, 4, 32, 60, 60]
    assert wait_after(10**9) == LONGEST_WAIT


def test_a_hash_of_weaker_parameters_is_made_anew_at_sign_in(accounts, li, log, clock):
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert Sessions(log.engine, stronger, b"k" * 32, now=clock).sign_in("李审核", WORD)
    with log.engine.connect() as connection:
        (stored,) = connection.scalars(select(people.c.password_hash))
    assert not stronger.is_dated(stored)
    assert stronger.fits(stored, WORD)
