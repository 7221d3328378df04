import pytest

from auditing.errors import StoreUnavailable
from auditing.people.errors import UnknownKey, UnknownScope
from auditing.people.keys import KeyRing, Scope


class Clock:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ring(log, clock):
    return KeyRing(log.engine, remember=5.0, tick=clock)


def test_a_key_opens_what_its_scopes_say(ring):
    made = ring.create("12345 热线", ["predict"])
    key = ring.authenticate(made.token)
    assert key == made.key
    assert key.label == "12345 热线"
    assert key.allows(Scope.PREDICT)
    assert not key.allows(Scope.REVIEW)


def test_an_admin_key_opens_everything(ring):
    key = ring.create("admin", ["admin"]).key
    assert all(key.allows(scope) for scope in Scope)


def test_an_unknown_token_opens_nothing(ring):
    assert ring.authenticate("pd_" + "x" * 43) is None
    assert ring.authenticate("\ud800") is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_token_is_nowhere_but_in_the_hands_of_its_owner(ring, log, tmp_path):
    made = ring.create("intake", ["predict"])
    log.engine.dispose()
    assert made.token not in repr(made)
    for path in tmp_path.iterdir():
        assert made.token.encode() not in path.read_bytes()


def test_a_revoked_key_opens_nothing_and_stays_listed(ring):
    made = ring.create("intake", ["predict"])
    assert ring.authenticate(made.token)
    revoked = ring.revoke(made.key.key_id)
    assert revoked.revoked_at
    assert ring.authenticate(made.token) is None
    assert ring.list() == (revoked,)
    assert ring.revoke(made.key.key_id) == revoked


def test_another_process_takes_a_revoked_key_no_longer_than_it_remembers(ring, log, clock):
    made = ring.create("intake", ["predict"])
    other = KeyRing(log.engine, remember=5.0, tick=clock)
    assert other.authenticate(made.token)
    ring.revoke(made.key.key_id)
    assert other.recall(made.token) == (True, made.key)
    clock.seconds = 5.1
    assert other.recall(made.token) == (False, None)
    assert other.authenticate(made.token) is None


def test_a_new_key_is_known_to_others_when_their_memory_of_its_absence_fades(ring, log, clock):
    made = ring.create("intake", ["predict"])
    assert ring.authenticate("pd_guess") is None
    assert ring.recall("pd_guess") == (True, None)
    assert ring.authenticate(made.token)


def test_guessing_does_not_fill_the_memory(log, clock):
    ring = KeyRing(log.engine, longest_memory=10, tick=clock)
    for guess in range(50):
        ring.authenticate(f"pd_{guess}")
    assert len(ring._memory) == 10


@pytest.mark.parametrize("scopes", [[], ["everything"], ["predict", ""]])
def test_a_scope_that_does_not_exist_is_refused_with_those_that_do(ring, scopes):
    with pytest.raises(UnknownScope, match="predict, outcome, review, admin"):
        ring.create("x", scopes)
    assert ring.list() == ()


def test_to_revoke_an_unknown_key_names_the_known(ring):
    made = ring.create("x", ["review", "predict"])
    with pytest.raises(UnknownKey, match=made.key.key_id):
        ring.revoke("k_none")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_store_that_is_away_is_said_to_be_away(log, tmp_path, clock):
    ring = KeyRing(log.engine, tick=clock)
    log.engine.dispose()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "caselog.db").mkdir()
    with pytest.raises(StoreUnavailable):
        ring.authenticate("pd_x")
    with pytest.raises(StoreUnavailable):
        ring.create("x", ["predict"])
    with pytest.raises(StoreUnavailable):
        ring.list()
