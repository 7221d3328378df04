"""What all schemas of the wire share."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints

MAX_FIELD_LENGTH = 2000
"""Characters of title, merchant and address."""

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
]
"""A name that another system gave: not blank, no control characters, surrounding blanks dropped."""

WIRE = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
"""Of every model of an answer."""
