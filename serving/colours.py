"""What the three colours of the board look like and mean, as a bureau sets them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from auditing.board.clocks import Stage
from auditing.board.counts import IN_HAND
from auditing.log.events import OutcomeStatus


class Colour(StrEnum):
    """Colours that the console's style sheet has, each in a light and a dark tone."""

    BLACK = "black"
    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    BLUE = "blue"
    GREY = "grey"


Colours = tuple[Colour, Colour, Colour]
"""Of new, in hand and closed."""

USUAL_COLOURS: Colours = (Colour.BLACK, Colour.RED, Colour.GREEN)
"""黑 = 新受理, 红 = 处理中, 绿 = 已办结."""


class BoardLook(NamedTuple):
    """names: of the stages, `Chinese | English`, where a bureau has its own; in_hand: outcomes that put a ticket there."""

    colours: Mapping[Stage, Colour]
    names: Mapping[Stage, str]
    in_hand: frozenset[OutcomeStatus]


def look_of(
    colours: Colours = USUAL_COLOURS,
    names: tuple[str, str, str] | None = None,
    in_hand: frozenset[OutcomeStatus] = IN_HAND,
) -> BoardLook:
    """Make a look of what was set, in the order new, in hand, closed."""
    return BoardLook(
        dict(zip(Stage, colours, strict=True)), dict(zip(Stage, names, strict=True)) if names else {}, in_hand
    )
