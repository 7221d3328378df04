"""The version to serve: from the registry, or from the local copy of the last one that was seen."""

import logging

from models.bundle import BundleDamaged, verify_bundle
from models.copies import LocalCopy
from models.history import Change
from models.prediction import ModelVersion
from models.registry import Registry
from models.triage import TriageModel
from models.versions import CHAMPION, RegistryUnavailable, UnknownVersion
from serving.serve import Aliases
from serving.settings import Settings

_LOG = logging.getLogger(__name__)


def load_champion(settings: Settings) -> TriageModel:
    """Load the version that the settings name. Raises models.versions.RegistryError, models.bundle.BundleDamaged.

    A sound copy on this machine is used without MLflow, whose import takes seconds, where the registry is a file here:
    then the alias can be read without it. A registry elsewhere is asked, and where it does not answer the last good
    version serves.
    """
    return load_alias(settings, settings.model_alias)


def load_alias(settings: Settings, alias: str) -> TriageModel:
    """Load the version that has `alias`, as `load_champion` does; only of the champion a last good one is known."""
    registry = _registry(settings)
    known = registry.last_known_champion() if alias == CHAMPION else None
    here = _copy_here(registry, alias, known, embedded=settings.tracking_uri is None)
    if here is not None:
        try:
            return TriageModel.load(here.path, here.model)
        except BundleDamaged as damaged:
            _LOG.warning("%s Looking in the registry for a sound one.", damaged)
    try:
        info = registry.resolve(alias)
        return TriageModel.load(registry.fetch(info), info.model)
    except RegistryUnavailable as unavailable:
        if known is None:
            raise
        _LOG.warning(
            "the registry does not answer (%s); serving the local copy of version %s", unavailable, known.model.version
        )
        return TriageModel.load(known.path, known.model)


def version_of(settings: Settings, alias: str) -> ModelVersion:
    """Tell which version has `alias` now, without loading it. Raises models.versions.RegistryError."""
    found = _registry(settings).named_by(alias)
    if found is None:
        raise UnknownVersion(alias, settings.model_name, ())
    return found.model


def changes_of(settings: Settings) -> tuple[Change, ...]:
    """List every change of the champion, oldest first. Raises models.versions.RegistryUnavailable."""
    return _registry(settings).history()


REGISTRY = Aliases(version_of, load_alias, changes_of)
"""The registry that the settings name."""


def _registry(settings: Settings) -> Registry:
    return Registry.under(settings.home, verify_bundle, settings.tracking_uri, settings.model_name)


def _copy_here(registry: Registry, alias: str, known: LocalCopy | None, *, embedded: bool) -> LocalCopy | None:
    """Find the copy that can be served without asking MLflow; None where MLflow must be asked."""
    if registry.store.database is None:
        return None
    try:
        named = registry.named_by(alias)
    except RegistryUnavailable:
        # of the embedded registry the pointer was written by the same machine, and is as good
        return known if embedded else None
    if named is None:
        return known if embedded else None
    here = registry.copies.here(named)
    if here is not None and alias == CHAMPION:
        registry.copies.point_at_champion(named)
    return here
