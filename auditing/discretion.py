"""What may be said about an error where its message may not: messages quote values, and values are complaints."""

import traceback
from pathlib import Path


def where(error: BaseException) -> str:
    """Name the class of `error` and the places it came through, innermost first, without its message.

    One line: `ValueError at service.py:12 in predict < caselog.py:40 in append`.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__
