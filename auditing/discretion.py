"""What may be said where not all may be: of an error without its message, which quotes values, and of people in notes."""

import traceback
from collections.abc import Callable
from functools import cached_property
from pathlib import Path


def where(error: BaseException) -> str:
    """Name the class of `error` and the places it came through, innermost first, without its message.

    One line: `ValueError at service.py:12 in predict < caselog.py:40 in append`.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


class NoteMask:
    """Hides personal data in what people write. Its tables are made when the first note comes."""

    def __call__(self, note: str) -> str:
        """`note` with personal data replaced by asterisks."""
        return self._hide(note) if note else note

    @cached_property
    def _hide(self) -> Callable[[str], str]:
        # the process that writes the case log reads no note: it starts without the rules and what compiles them
        from features.normalise import Normaliser  # noqa: PLC0415
        from features.privacy import mask  # noqa: PLC0415

        normalise = Normaliser()
        return lambda note: mask(note, normalise(note).personal)
