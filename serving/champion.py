"""The version to serve: from the registry, or from the local copy of the last one that was seen."""

import logging

from models.bundle import BundleDamaged, verify_bundle
from models.registry import Registry
from models.triage import TriageModel
from models.versions import RegistryUnavailable
from serving.settings import Settings

_LOG = logging.getLogger(__name__)


def load_champion(settings: Settings) -> TriageModel:
    """Load the version that the settings name.

    With the embedded registry the local pointer is the truth, for the same machine wrote it: MLflow, whose import takes
    seconds, is asked only where the copy is damaged. A registry elsewhere is asked, and where it does not answer the last good version serves.
    Raises models.versions.RegistryError, models.bundle.BundleDamaged.
    """
    registry = Registry.under(settings.home, verify_bundle, settings.tracking_uri, settings.model_name)
    known = registry.last_known_champion() if settings.model_alias == "champion" else None
    if known is not None and settings.tracking_uri is None:
        try:
            return TriageModel.load(known.path, known.model)
        except BundleDamaged as damaged:
            _LOG.warning("%s Looking in the registry for a sound one.", damaged)
    try:
        info = registry.resolve(settings.model_alias)
        return TriageModel.load(registry.fetch(info), info.model)
    except RegistryUnavailable as unavailable:
        if known is None:
            raise
        _LOG.warning(
            "the registry does not answer (%s); serving the local copy of version %s", unavailable, known.model.version
        )
        return TriageModel.load(known.path, known.model)
