"""The data-only artefact: one manifest and flat arrays. Nothing is unpickled, nothing is used before it is verified."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.normalise import Normaliser
from features.spelling import Spelling
from features.trie import Trie
from models.calibration import Calibration
from models.decision import Policy
from models.fitted import FIELDS, FittedModel, Head, Records, Scope, Vocabulary
from models.likeness import OF_TEXT, margin_alone
from models.records import VECTOR
from models.scorer import SCALES

BUNDLE_FORMAT = 2
MANIFEST = "manifest.json"
_OF_TEXT = (4, 8)
"""Signs of the text that versions had before there were odds, and before clauses were counted."""

LIBRARIES = ("numpy", "scikit-learn", "jieba", "numba", "opencc", "scipy")


class BundleDamaged(ValueError):
    """A bundle that must not be used: a file is missing, altered or of a format that this version does not read."""

    def __init__(self, bundle: Path, problem: str) -> None:
        self.bundle, self.problem = bundle, problem
        super().__init__(
            f"模型包不可用 / bundle {bundle.name!r} must not be used: {problem}. "
            "Fetch it again from the registry, or train and register a new version."
        )


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: its manifest and its memory-mapped arrays."""

    manifest: Mapping[str, Any]
    model: FittedModel


def write_bundle(model: FittedModel, directory: Path, about: Mapping[str, Any]) -> None:
    """Write a model into an empty directory; `about` (data digest, recipe, figures …) goes into the manifest as it is."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, array in _arrays(model).items():
        np.save(directory / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    normaliser = Normaliser()
    manifest = {
        "format": BUNDLE_FORMAT,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "fields": list(FIELDS),
        "normaliser": {"version": normaliser.version, "digest": normaliser.digest},
        "lexicon": model.lexicon_digest,
        "unknown_log_probability": model.trie.unknown,
        "row_bits": model.vocabulary.row_bits,
        "features": len(model.records.weights),
        "heads": [
            {
                "target": head.target,
                "classes": list(head.classes),
                "names": dict(head.names),
                "labels_digest": hashlib.sha256("\n".join(head.classes).encode()).hexdigest(),
                "calibration": head.calibration._asdict(),
                "policy": head.policy.to_manifest(head.classes),
            }
            for head in model.heads
        ],
        "scope": {
            "margin": model.scope.margin,
            "known_share": model.scope.known_share,
            "characters": model.scope.characters,
            "weights": list(model.scope.weights),
        },
        "about": dict(about),
        "files": {path.name: _sha256(path) for path in sorted(directory.glob("*.npy"))},
    }
    manifest["digest"] = manifest_digest(manifest)
    (directory / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")


def manifest_digest(manifest: Mapping[str, Any]) -> str:
    """sha256 over all that a manifest says, but for this digest itself: it vouches for the files, this for it."""
    said = json.loads(json.dumps({key: value for key, value in manifest.items() if key != "digest"}))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest alone, whole and of a format that this version reads. Raises BundleDamaged."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleDamaged(directory, f"{MANIFEST} is missing") from None
    except ValueError:
        raise BundleDamaged(directory, f"{MANIFEST} is not JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != BUNDLE_FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise BundleDamaged(directory, f"{MANIFEST} says format {found!r}, this version reads {BUNDLE_FORMAT}")
    if manifest.get("digest") != manifest_digest(manifest):
        raise BundleDamaged(directory, f"{MANIFEST} differs from its own digest")
    return manifest


def verify_bundle(directory: Path) -> dict[str, Any]:
    """Check every file against the manifest's sha256; returns the manifest. Raises BundleDamaged."""
    manifest = read_manifest(directory)
    files = manifest.get("files")
    if not isinstance(files, dict) or not files:
        raise BundleDamaged(directory, f"{MANIFEST} lists no files")
    for name, expected in files.items():
        path = directory / Path(name).name
        if not path.is_file():
            raise BundleDamaged(directory, f"{name} is missing")
        if _sha256(path) != expected:
            raise BundleDamaged(directory, f"{name} differs from its sha256")
    return manifest


def read_bundle(directory: Path) -> Bundle:
    """Verify a bundle and map it into memory. Raises BundleDamaged."""
    manifest = verify_bundle(directory)
    try:
        arrays = {
            # unlike np.load this knows nothing but plain arrays: no pickle, no zip
            Path(name).stem: np.lib.format.open_memmap(directory / Path(name).name, mode="r")
            for name in manifest["files"]
        }
        model = _model(manifest, arrays)
        normalised_with = manifest["normaliser"]["version"]
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, EOFError) as problem:
        raise BundleDamaged(directory, f"{MANIFEST} and arrays do not fit together ({problem})") from problem
    if normalised_with != Normaliser.version:
        raise BundleDamaged(
            directory,
            f"{MANIFEST} says normalisation {normalised_with!r}, this version has {Normaliser.version}",
        )
    return Bundle(manifest, model)


def _arrays(model: FittedModel) -> dict[str, npt.NDArray[Any]]:
    vocabulary, records = model.vocabulary, model.records
    return {
        "trie_nodes": model.trie.nodes,
        "trie_first": model.trie.first,
        "table": vocabulary.table,
        "blocks": vocabulary.blocks,
        "spelling_characters": vocabulary.spelling.characters,
        "spelling_ends": vocabulary.spelling.ends,
        "block_weights": vocabulary.block_weights,
        "weights": records.weights,
        "places": records.places,
        "bias": records.bias,
    }


def _model(manifest: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> FittedModel:
    if tuple(manifest["fields"]) != FIELDS:
        raise ValueError(f"fields {manifest['fields']}")
    heads = tuple(
        Head(
            written["target"],
            tuple(written["classes"]),
            written["names"],
            Calibration(**written["calibration"]),
            Policy.from_manifest(written["policy"], written["classes"]),
        )
        for written in manifest["heads"]
    )
    _refuse_misfits(arrays, int(manifest["features"]), int(manifest["row_bits"]), [len(head.classes) for head in heads])
    return FittedModel(
        trie=Trie(
            arrays["trie_nodes"],
            arrays["trie_first"],
            float(manifest["unknown_log_probability"]),
        ),
        lexicon_digest=manifest["lexicon"],
        vocabulary=Vocabulary(
            arrays["table"],
            int(manifest["row_bits"]),
            arrays["blocks"],
            Spelling(arrays["spelling_characters"], arrays["spelling_ends"]),
            arrays["block_weights"],
        ),
        heads=heads,
        records=Records(arrays["weights"], arrays["places"], arrays["bias"]),
        scope=_scope(manifest["scope"], len(heads)),
    )


def _scope(written: Mapping[str, Any], heads: int) -> Scope:
    # a version of before the signs were weighed has no weights: it asks for the margin alone
    weights = tuple(map(float, written.get("weights", margin_alone(heads))))
    if (of_text := len(weights) - heads) in _OF_TEXT:
        weights = (*weights[:of_text], *[0.0] * (OF_TEXT - of_text), *weights[of_text:])
    if len(weights) != len(margin_alone(heads)):
        raise ValueError(f"scope: {len(weights)} weights, not {len(margin_alone(heads))}")
    return Scope(written["margin"], written["known_share"], written["characters"], weights)


def _refuse_misfits(arrays: Mapping[str, npt.NDArray[Any]], features: int, row_bits: int, widths: list[int]) -> None:
    """Compiled code checks no bounds: what it is given must have the shapes and types that it counts on."""
    slots, numbers = len(arrays["trie_nodes"]), np.dtype(np.float32).itemsize * (SCALES + len(widths))
    width = arrays["weights"].shape[-1]
    expected: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
        "trie_nodes": (np.uint64, (slots, 2)),
        "trie_first": (np.int32, (1 << 16,)),
        "table": (np.uint64, (len(arrays["table"]),)),
        "blocks": (np.uint8, (features,)),
        "spelling_characters": (np.uint32, (int(arrays["spelling_ends"][-1]),)),
        "spelling_ends": (np.int64, (features,)),
        "block_weights": (np.float64, (2 * len(FIELDS),)),
        "weights": (np.int8, (features, width)),
        "places": (np.int32, (len(widths), 2)),
        "bias": (np.float32, (width,)),
    }
    for name, (kind, shape) in expected.items():
        array = arrays[name]
        if array.dtype != kind or array.shape != shape:
            raise ValueError(f"{name}.npy is {array.dtype} {array.shape}, not {np.dtype(kind)} {shape}")
    begins, ends = arrays["places"].astype(np.int64).T
    apart = np.all(begins[1:] >= ends[:-1]) and begins[0] >= numbers and ends[-1] <= width
    if (ends - begins).tolist() != widths or not apart or width % VECTOR:
        raise ValueError("places.npy: the weights have other classes than the manifest")
    for name, least in (("trie_nodes", 1), ("table", 2 * features)):
        if len(arrays[name]) < least or len(arrays[name]).bit_count() != 1:
            raise ValueError(f"{name}.npy has {len(arrays[name])} places, not a power of two from {least} on")
    if features.bit_length() > row_bits:
        raise ValueError(f"row_bits is {row_bits}, too few for {features} features")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
