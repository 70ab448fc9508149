"""The style of every figure, and its headline."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.rcsetup import cycler
from matplotlib.ticker import MaxNLocator

from utils.palette import INK, PAPER
from utils.plots.looks import OTHERS

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

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
    """Give every figure from here on the course's look; in a notebook, show figures as SVG."""
    mpl.rcParams.update(RC)
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", **SAVE)


def headline(target: Axes | Figure | SubFigure, sentence: str, width: int = 56) -> None:
    """Say the figure's one message above it, as a sentence, broken into lines of `width`."""
    text = textwrap.fill(sentence, width)
    if isinstance(target, Axes):
        target.set_title(text)
    else:
        target.suptitle(text, x=0.01, ha="left", fontsize=11, fontweight="bold")


def whole_numbers() -> MaxNLocator:
    """Ticks for what is counted, such as epochs."""
    return MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True)
