"""Which color, line and marker stands for what in every figure of the book, and the style of all.

The colors are Okabe and Ito's, which people with color-blindness tell apart. Orange, sky blue,
yellow and purple are darkened until every one has a contrast of 3:1 or more on paper and on night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib import cycler

INK, PAPER, NIGHT = "#1b1f24", "#fdfcf9", "#14171a"
ON_BRIGHT, ON_DARK = "#0b0d0f", "#ffffff"
"""For text on cells of a heat map, whose colors do not follow the theme."""

BLUE, VERMILION, GREEN, AMBER = "#0072b2", "#d55e00", "#009e73", "#b87f00"
PURPLE, SKY, OLIVE, GREY = "#c46f9e", "#2e96d0", "#8c8500", "#868b90"

SOLID, DASHED, DASHDOT, DOTTED = "-", (0, (5, 2)), (0, (6, 2, 1, 2)), (0, (1.2, 1.8))
LONG, TWICE, SHORT = (0, (10, 2)), (0, (6, 2, 1, 2, 1, 2)), (0, (2.5, 1.5))


@dataclass(frozen=True)
class Look:
    """How one thing is drawn wherever it appears."""

    color: str
    linestyle: str | tuple
    marker: str


ACTIVATIONS = {
    "relu": Look(BLUE, SOLID, "o"),
    "tanh": Look(VERMILION, DASHED, "s"),
    "sigmoid": Look(GREEN, DASHDOT, "^"),
    "elu": Look(AMBER, LONG, "D"),
    "leaky_relu": Look(SKY, SHORT, "v"),
    "selu": Look(PURPLE, TWICE, "P"),
    "gelu": Look(OLIVE, SOLID, "X"),
    "silu": Look(INK, DASHED, "*"),
    "prelu": Look(SKY, SOLID, "<"),
    "linear": Look(GREY, DOTTED, "h"),
}
INITIALIZERS = {
    "zeros": Look(GREY, DOTTED, "o"),
    "small": Look(SKY, SHORT, "v"),
    "large": Look(OLIVE, LONG, "X"),
    "normal": Look(VERMILION, DASHED, "s"),
    "xavier": Look(BLUE, SOLID, "^"),
    "he": Look(GREEN, DASHDOT, "D"),
    "lecun": Look(AMBER, TWICE, "P"),
    "orthogonal": Look(PURPLE, SOLID, "<"),
}
OPTIMIZERS = {
    "sgd": Look(INK, SOLID, "o"),
    "momentum": Look(SKY, DASHED, "s"),
    "nesterov": Look(BLUE, LONG, "^"),
    "adagrad": Look(OLIVE, DOTTED, "v"),
    "adadelta": Look(GREY, TWICE, "<"),
    "rmsprop": Look(GREEN, DASHDOT, "D"),
    "adam": Look(VERMILION, SOLID, "P"),
    "adamw": Look(AMBER, DASHED, "X"),
    "nadam": Look(PURPLE, SHORT, "*"),
}
VERDICTS = {
    "holds": Look(GREEN, SOLID, "o"),
    "holds here": Look(AMBER, DASHED, "D"),
    "does not hold": Look(VERMILION, DASHDOT, "X"),
    "undecided": Look(BLUE, DOTTED, "s"),
    "by reading": Look(GREY, SHORT, "v"),
}
OTHERS = [
    Look(BLUE, SOLID, "o"),
    Look(VERMILION, DASHED, "s"),
    Look(GREEN, DASHDOT, "^"),
    Look(AMBER, LONG, "D"),
    Look(PURPLE, TWICE, "P"),
    Look(SKY, SHORT, "v"),
    Look(OLIVE, SOLID, "X"),
    Look(GREY, DOTTED, "h"),
]
"""For lines that stand for something of one figure only, in this order."""

_ALIASES = {"glorot": "xavier", "swish": "silu", "identity": "linear", "zero": "zeros"}
LOOKS = ACTIVATIONS | INITIALIZERS | OPTIMIZERS | VERDICTS


def known_look(name: str) -> Look | None:
    """The look of "ReLU", "leaky_relu", "Glorot uniform", "He"...; None for other names."""
    words = name.lower().replace("_", " ").replace("-", " ")
    for suffix in (" uniform", " normal"):
        words = words.removesuffix(suffix)
    words = _ALIASES.get(words, words)
    return LOOKS.get(words) or LOOKS.get(words.replace(" ", "_"))


SAVE: dict[str, Any] = {"bbox_inches": None, "metadata": {"Date": None, "Creator": None}}
"""For `savefig`: all figures keep their one width, so their texts one size; SVG without a date."""

RC: dict[str, Any] = {
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
