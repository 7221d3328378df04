"""A bundle is data, verified before use."""

import hashlib
import json
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from features.complaint import Complaint
from models.bundle import (
    BUNDLE_FORMAT,
    MANIFEST,
    BundleDamaged,
    manifest_digest,
    read_bundle,
    read_manifest,
    verify_bundle,
)
from models.fitted import FIELDS
from models.likeness import OF_TEXT
from models.prediction import ModelVersion
from models.triage import TriageModel

WAY_OUT = "Fetch it again from the registry, or train and register a new version"

ARRAYS = (
    "trie_nodes",
    "trie_first",
    "table",
    "blocks",
    "spelling_characters",
    "spelling_ends",
    "block_weights",
    "weights",
    "places",
    "bias",
)


@pytest.fixture
def bundle(tiny_bundle, tmp_path):
    """A copy that may be damaged."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def rewrite(bundle, **changes):
    """Change the manifest, and vouch for the change: what a person with bad intentions could do."""
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8")) | changes
    manifest["files"] = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(bundle.glob("*.npy"))
    }
    manifest["digest"] = manifest_digest(manifest)
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def refused(bundle, *, by=read_bundle):
    """The message with which a bundle is refused; it names the bundle and the way out."""
    with pytest.raises(BundleDamaged) as raised:
        by(bundle)
    message = str(raised.value)
    assert message.startswith("模型包不可用 / bundle 'copy' must not be used: ")
    assert WAY_OUT in message
    return message


def test_a_bundle_is_a_manifest_and_the_arrays_that_it_lists(tiny_bundle):
    manifest = verify_bundle(tiny_bundle)
    assert {path.name for path in tiny_bundle.iterdir()} == {MANIFEST, *manifest["files"]}
    assert set(manifest["files"]) == {f"{name}.npy" for name in ARRAYS}
    assert manifest["format"] == BUNDLE_FORMAT
    assert manifest["about"] == {"about": "tests/tiny.py"}
    assert manifest["fields"] == list(FIELDS)
    assert {"python", "numpy", "scikit-learn", "jieba", "numba", "opencc"} <= set(manifest["versions"])
    assert {"version", "digest"} == set(manifest["normaliser"])
    for head in manifest["heads"]:
        assert head["policy"]["auto"] == "maximum coverage @ precision >= 0.95"


def test_what_was_written_is_what_is_read(fit_tiny, tiny_bundle):
    model, read = fit_tiny("domain", "office"), read_bundle(tiny_bundle).model
    assert read.heads == model.heads
    assert read.scope == model.scope
    assert read.lexicon_digest == model.lexicon_digest
    assert read.trie.unknown == model.trie.unknown
    for ours, theirs in (
        (read.records.weights, model.records.weights),
        (read.records.places, model.records.places),
        (read.records.bias, model.records.bias),
        (read.vocabulary.table, model.vocabulary.table),
        (read.trie.nodes, model.trie.nodes),
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert read.vocabulary.spelling.strings() == model.vocabulary.spelling.strings()


def test_arrays_are_mapped_into_memory_and_cannot_be_changed(tiny_bundle):
    weights = read_bundle(tiny_bundle).model.records.weights
    assert isinstance(weights, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1


@pytest.mark.parametrize("name", [f"{name}.npy" for name in ARRAYS])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_one_flipped_byte_in_an_array_is_noticed(name, where, bundle):
    content = bytearray((bundle / name).read_bytes())
    place = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}[where]
    content[place] ^= 0x01
    (bundle / name).write_bytes(content)
    assert f"{name} differs from its sha256" in refused(bundle)
    assert name in refused(bundle, by=verify_bundle)


def means_the_same(content, whole):
    try:
        return json.loads(content) == json.loads(whole)
    except ValueError:
        return False


def test_any_flipped_bit_in_the_manifest_is_noticed(bundle):
    whole = (bundle / MANIFEST).read_bytes()
    random = np.random.default_rng(0)
    for place in random.choice(len(whole), 300, replace=False).tolist():
        content = bytearray(whole)
        content[place] ^= 1 << int(random.integers(8))
        if means_the_same(content, whole):  # the last digits of a number may
            continue
        (bundle / MANIFEST).write_bytes(content)
        assert MANIFEST in refused(bundle)


@pytest.mark.parametrize("name", [MANIFEST, *(f"{name}.npy" for name in ARRAYS)])
def test_a_missing_file_is_named(name, bundle):
    (bundle / name).unlink()
    assert f"{name} is missing" in refused(bundle)


def test_a_missing_directory_is_no_bundle(tmp_path):
    with pytest.raises(BundleDamaged, match=r"manifest\.json is missing"):
        read_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [f"{name}.npy" for name in ARRAYS])
def test_a_file_cut_short_is_noticed(name, bundle):
    os.truncate(bundle / name, (bundle / name).stat().st_size // 2)
    assert f"{name} differs" in refused(bundle)


@pytest.mark.parametrize("number", [0, 1, "1", None, 1.5])
def test_another_format_number_is_refused_with_both_numbers(number, bundle):
    rewrite(bundle, format=number)
    assert f"manifest.json says format {number!r}, this version reads {BUNDLE_FORMAT}" in refused(bundle)
    assert "format" in refused(bundle, by=read_manifest)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b"\x80\x04K\x01."])
def test_a_manifest_that_is_not_json_or_no_object_is_refused(content, bundle):
    (bundle / MANIFEST).write_bytes(content)
    assert MANIFEST in refused(bundle)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("how", ["longer", "shorter", "flat", "other type"])
def test_an_array_of_another_shape_or_type_is_refused_though_its_sha256_fits(name, how, bundle):
    array = np.load(bundle / f"{name}.npy")
    changed = {
        "longer": np.concatenate([array, array[:1]]),
        "shorter": array[:-1],
        "flat": array[np.newaxis],
        "other type": array.astype(np.float32 if array.dtype == np.float64 else np.float64),
    }[how]
    np.save(bundle / f"{name}.npy", changed)
    rewrite(bundle)
    assert "manifest.json and arrays do not fit together" in refused(bundle)


def test_a_table_that_is_no_power_of_two_or_too_full_is_refused(bundle):
    table = np.load(bundle / "table.npy")
    for changed in (np.concatenate([table, table, table]), table[: len(table) // 4]):
        np.save(bundle / "table.npy", changed)
        rewrite(bundle)
        assert "table.npy has" in refused(bundle)


@pytest.mark.parametrize(
    "changes",
    [
        {"heads": []},
        {"heads": [{"target": "domain"}]},
        {"fields": ["text"]},
        {"features": 3},
        {"features": "many"},
        {"row_bits": 1},
        {"scope": {}},
        {"normaliser": {}},
        {"normaliser": None},
        {"unknown_log_probability": None},
    ],
    ids=str,
)
def test_a_manifest_that_does_not_fit_the_arrays_is_refused(changes, bundle):
    rewrite(bundle, **changes)
    assert MANIFEST in refused(bundle)


def test_a_bundle_of_before_the_signs_were_weighed_asks_for_the_margin_alone(bundle):
    scope = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))["scope"]
    del scope["weights"]
    rewrite(bundle, scope=scope)
    model = TriageModel.load(bundle, ModelVersion("m", "1"))
    scores = model.scores(model.read(Complaint("超市卖过期食品，要求退款")))
    assert scores.scope == pytest.approx(scores.margins[0])


@pytest.mark.parametrize("later", [[], [0.0] * 4], ids=["before there were odds", "before clauses were counted"])
def test_an_earlier_bundle_asks_for_the_signs_that_it_has(later, bundle):
    scope = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))["scope"]
    assert len(scope["weights"]) == OF_TEXT + 2
    rewrite(bundle, scope=scope | {"weights": [2.0, 0.0, 0.5, 0.0, *later, 0.25, 0.0]})
    model = TriageModel.load(bundle, ModelVersion("m", "1"))
    scores = model.scores(model.read(Complaint("超市卖过期食品，要求退款")))
    extent = np.log1p(scores.facts[0])
    assert scores.odds != 0
    assert scores.scope == pytest.approx(2 * scores.margins[0] + extent / 2 + scores.margins[1] / 4)


@pytest.mark.parametrize("weights", [[], [1.0], [0.0] * 7, ["many"] * 10, None])
def test_weights_of_other_signs_than_the_scorer_reads_are_refused(weights, bundle):
    scope = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))["scope"]
    rewrite(bundle, scope=scope | {"weights": weights})
    assert "do not fit together" in refused(bundle)


def test_other_class_counts_than_the_weights_have_are_refused(bundle):
    heads = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))["heads"]
    heads[0]["classes"] = heads[0]["classes"][:2]
    rewrite(bundle, heads=heads)
    assert "do not fit together" in refused(bundle)


def test_a_policy_that_is_no_sentence_is_refused(bundle):
    heads = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))["heads"]
    heads[0]["policy"]["auto"] = "always"
    rewrite(bundle, heads=heads)
    assert "'always' is not a policy" in refused(bundle)


def test_another_normalisation_is_refused_with_both_versions(bundle):
    rewrite(bundle, normaliser={"version": 99, "digest": ""})
    assert "normalisation 99" in refused(bundle)


def test_a_manifest_without_files_is_refused(bundle):
    for files in ({}, [], None):
        manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8")) | {"files": files}
        manifest["digest"] = manifest_digest(manifest)
        (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        assert "lists no files" in refused(bundle)


class Bomb:
    """Leaves a trace where it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_a_planted_pickle_is_never_opened(bundle, tmp_path, tiny_complaints):
    for name in ("model.pkl", "pipeline.joblib", "weights.pickle", "planted.npy"):
        (bundle / name).write_bytes(pickle.dumps(Bomb(tmp_path / "exploded")))
    model = TriageModel.load(bundle, ModelVersion("complaint-triage", "1"))
    text, domain, office = tiny_complaints[0]
    answer = model.triage(Complaint(text))
    assert (answer.domain.code, answer.office.code) == (domain, office)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("kind", ["pickle", "array of objects", "empty", "zip"])
def test_a_pickle_in_an_arrays_place_is_refused_unopened_though_its_sha256_fits(kind, bundle, tmp_path):
    place, bomb = bundle / "weights.npy", Bomb(tmp_path / "exploded")
    if kind == "pickle":
        place.write_bytes(pickle.dumps(bomb))
    elif kind == "array of objects":
        np.save(place, np.array([bomb], object), allow_pickle=True)
    elif kind == "zip":
        with place.open("wb") as file:
            np.savez(file, weights=np.array([bomb], object))
    else:
        place.write_bytes(b"")
    rewrite(bundle)
    assert "do not fit together" in refused(bundle)
    assert not (tmp_path / "exploded").exists()


def test_files_outside_of_the_directory_are_out_of_reach(bundle, tmp_path):
    secret = tmp_path / "secret.npy"
    np.save(secret, np.zeros(3))
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"] |= {"../secret.npy": hashlib.sha256(secret.read_bytes()).hexdigest()}
    manifest["digest"] = manifest_digest(manifest)
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert "../secret.npy is missing" in refused(bundle)
