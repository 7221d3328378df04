"""What the pictures of a run have in common: the font, the colours, and how parts are named.

Chinese is drawn with Noto Sans SC out of a package, because the machine may have no Chinese font.
"""

import io
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine
from pylopdf_fonts_zh_cn import sans_path

BLUE, ORANGE, RED = "#1f5fa8", "#d9822b", "#c0392b"
INK, GREY, PALE = "#22303c", "#5f6b76", "#dfe5eb"

_DPI = 130

Floats = npt.NDArray[np.floating[Any]]


def figure_of(width: float, height: float) -> Figure:
    """Give an empty figure, in inches, whose parts make room for one another."""
    return Figure(figsize=(width, height), dpi=_DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1))


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def font(size: float) -> FontProperties:
    """The Chinese font in this size, in points."""
    return FontProperties(fname=str(sans_path()), size=size)


def headline(figure: Figure, text: str) -> None:
    """Write what the whole picture is about."""
    figure.suptitle(text, font=font(13), color=INK, x=0.01, ha="left")


def title(axes: Axes, chinese: str, english: str) -> None:
    """Write what a part of the picture shows, in both languages."""
    axes.set_title(f"{chinese}\n{english}", font=font(10.5), color=INK, loc="left", linespacing=1.5)


def name_axes(axes: Axes, horizontal: str, vertical: str) -> None:
    """Write what the axes are."""
    axes.set_xlabel(horizontal, font=font(9.5), color=GREY)
    axes.set_ylabel(vertical, font=font(9.5), color=GREY, labelpad=8)


def share_axis(axes: Axes, which: Literal["x", "y"], ticks: Floats) -> None:
    """Label an axis with these shares as percentages."""
    labels = [f"{tick:.0%}" for tick in ticks]
    (axes.set_xticks if which == "x" else axes.set_yticks)(ticks, labels, font=font(8.5))
    axes.grid(visible=True, color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
