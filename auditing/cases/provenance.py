"""Whose word a label is: a person's, an import's, or the model's own."""

from enum import StrEnum


class Provenance(StrEnum):
    """Who gave a label, the most trusted first; the values are what a data set's column `provenance` holds."""

    PERSON = "person"
    """A reviewer looked at the case and said so."""
    IMPORTED = "imported"
    """It came with a file or from an intake system."""
    MODEL = "model"
    """The model said so, and nobody has looked."""

    @property
    def rank(self) -> int:
        """0 for the word that outranks all others."""
        return tuple(Provenance).index(self)
