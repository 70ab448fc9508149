"""The style of every figure, and its headline."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.rcsetup import cycler
from matplotlib.ticker import MaxNLocator

from utils.palette import INK, PAPER
from utils.plots.looks import OTHERS

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

POINTS_PER_INCH = 72
SAVE: dict[str, Any] = {"bbox_inches": None, "metadata": {"Date": None, "Creator": None}}
"""For `savefig`: all figures keep their one width, so their texts one size; SVG without a date."""

RC: dict[RcKeyType, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": cycler(color=[look.color for look in OTHERS]),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.xmargin": 0.02,
    "figure.constrained_layout.use": True,
    "figure.dpi": 130,
    "figure.edgecolor": PAPER,
    "figure.facecolor": PAPER,
    "figure.figsize": (5.6, 3.3),
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.alpha": 0.13,
    "grid.color": INK,
    "grid.linewidth": 0.8,
    "hatch.color": INK,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "patch.edgecolor": INK,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "svg.hashsalt": "training-neural-networks",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 9.5,
    "ytick.color": INK,
    "ytick.labelsize": 9.5,
}


def style() -> None:
    """Give every figure from here on the course's look; in a notebook, store figures as SVG.

    There each is stored twice: as it is, and in the form in which the book shows it on a phone.
    """
    mpl.rcParams.update(RC)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        from utils.plots.narrow import show_narrow_too

        set_matplotlib_formats("svg", **SAVE)
        show_narrow_too(shell.display_formatter)


def headline(target: Axes | Figure, sentence: str) -> None:
    """Say the figure's one message above it, as a sentence, broken where the figure ends."""
    figure = target.get_figure(root=True) if isinstance(target, Axes) else target
    if figure is None:
        raise ValueError("the axes have been removed from their figure: draw on new ones")
    # In points, where no style gave a number and the size is still called "large".
    size = FontProperties(size=mpl.rcParams["axes.titlesize"]).get_size_in_points()
    text = wrapped(sentence, figure.get_figwidth(), size)
    figure.suptitle(text, x=0.01, ha="left", fontsize=size, fontweight="bold")


def wrapped(text: str, inches: float, size: float) -> str:
    """The text broken anew, into as few lines of this width as it needs, about equally long.

    size: the font's, in points.
    """
    words, width = " ".join(text.split()), characters(inches, size)
    best = textwrap.wrap(words, width, break_long_words=False)
    for less in range(width - 1, 0, -1):
        lines = textwrap.wrap(words, less, break_long_words=False)
        if len(lines) > len(best):
            break
        best = lines
    return "\n".join(best)


def characters(inches: float, size: float) -> int:
    """How many letters fit: one takes 0.54 of its size, in a bold sans-serif."""
    return max(1, int(inches * POINTS_PER_INCH / (0.54 * size)))


def whole_numbers() -> MaxNLocator:
    """Ticks for what is counted, such as epochs."""
    return MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True)
