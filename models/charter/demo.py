"""The charter of the demo bureau: the example, and the default until a bureau brings its own."""

from functools import cache
from pathlib import Path

from models.charter.articles import Charter
from models.charter.reading import read_charter, text_of

DEMO = Path(__file__).parent / "data" / "demo.yaml"


@cache
def demo_charter() -> Charter:
    """Read the shipped charter once."""
    return read_charter(text_of(DEMO.read_bytes(), DEMO.name), DEMO.name)
