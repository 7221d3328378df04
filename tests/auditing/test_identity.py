from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditing.errors import DigestKeyUnusable
from auditing.log.identity import CONTENT_LENGTH, TICKET_LENGTH, Identifier, load_or_create_key
from features.complaint import Complaint
from models.charter.route import CharterVersion
from models.prediction import ModelVersion

VERSION = ModelVersion("complaint-triage", "1")
CHARTER = CharterVersion("bureau", "1")
IDENTIFIER = Identifier(b"k" * 32)
TEXTS = st.text(max_size=6)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_moving_characters_between_fields_is_another_content(title, text, merchant, address):
    complaint = Complaint(text, title, merchant, address)
    moved = Complaint(text[1:], title + text[:1], merchant, address)
    same = moved == complaint
    assert (IDENTIFIER.identify(complaint, VERSION, CHARTER) == IDENTIFIER.identify(moved, VERSION, CHARTER)) == same


def test_the_parts_of_an_id_name_ticket_content_and_versions(complaint):
    first = IDENTIFIER.identify(complaint, VERSION, CHARTER).prediction_id
    changed = IDENTIFIER.identify(replace(complaint, text="别的"), VERSION, CHARTER).prediction_id
    newer = IDENTIFIER.identify(complaint, ModelVersion("complaint-triage", "2"), CHARTER).prediction_id
    reformed = IDENTIFIER.identify(complaint, VERSION, CharterVersion("bureau", "2")).prediction_id
    other = IDENTIFIER.identify(replace(complaint, ticket_id="T-2"), VERSION, CHARTER).prediction_id
    assert first[:TICKET_LENGTH] == changed[:TICKET_LENGTH] != other[:TICKET_LENGTH]
    assert first[:CONTENT_LENGTH] == newer[:CONTENT_LENGTH] != changed[:CONTENT_LENGTH]
    assert first[:CONTENT_LENGTH] == reformed[:CONTENT_LENGTH]
    assert len({first, newer, reformed}) == 3


def test_a_digest_cannot_be_recomputed_without_the_secret(complaint):
    ours = IDENTIFIER.identify(complaint, VERSION, CHARTER)
    theirs = Identifier(b"x" * 32).identify(complaint, VERSION, CHARTER)
    assert ours.content_digest != theirs.content_digest
    assert ours.content_digest != blake2b(complaint.text.encode(), digest_size=16).hexdigest()
    assert "kkk" not in repr(IDENTIFIER)


def test_half_a_surrogate_pair_can_be_named():
    assert IDENTIFIER.identify(Complaint("\ud800"), VERSION, CHARTER) != IDENTIFIER.identify(
        Complaint("\udc00"), VERSION, CHARTER
    )


def test_all_who_start_at_once_get_the_same_secret(tmp_path):
    path = tmp_path / "home" / "digest.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(load_or_create_key, [path] * 64))
    assert len(keys) == 1
    assert list(path.parent.iterdir()) == [path]


def test_a_cut_secret_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "digest.key"
    path.write_bytes(b"short")
    with pytest.raises(DigestKeyUnusable, match=r"5 bytes instead of 32.*backup"):
        load_or_create_key(path)


def test_a_place_where_no_secret_can_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DigestKeyUnusable, match=r"digest\.key"):
        load_or_create_key(tmp_path / "file" / "digest.key")
