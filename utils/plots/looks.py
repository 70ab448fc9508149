"""Which color, line and marker stands for what in every figure of the book."""

from __future__ import annotations

import re
from dataclasses import dataclass

from utils.palette import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    OLIVE,
    PURPLE,
    SKY,
    VERMILION,
)

Line = str | tuple[int, tuple[float, ...]]
"""A line style of matplotlib: its name, or an offset and the lengths of dashes and gaps."""

SOLID, DASHED, DASHDOT, DOTTED = "-", (0, (5, 2)), (0, (6, 2, 1, 2)), (0, (1.2, 1.8))
LONG, TWICE, SHORT = (0, (10, 2)), (0, (6, 2, 1, 2, 1, 2)), (0, (2.5, 1.5))


@dataclass(frozen=True)
class Look:
    """How one thing is drawn wherever it appears."""

    color: str
    linestyle: Line
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
    "nesterov": Look(BLUE, SOLID, "^"),
    "adagrad": Look(OLIVE, DOTTED, "v"),
    "adadelta": Look(GREY, TWICE, "<"),
    "rmsprop": Look(GREEN, DASHDOT, "D"),
    "adam": Look(VERMILION, SOLID, "P"),
    "adamw": Look(AMBER, DASHED, "X"),
    "nadam": Look(PURPLE, SHORT, "*"),
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

RECURRING = {
    "sound": Look(INK, SOLID, "o"),
    "none": Look(GREY, DOTTED, "h"),
}
"""What several figures compare others with."""

_ALIASES = {"glorot": "xavier", "swish": "silu", "identity": "linear", "zero": "zeros"}
LOOKS = ACTIVATIONS | INITIALIZERS | OPTIMIZERS | RECURRING


COLORS = {name: look.color for name, look in LOOKS.items()}
LINESTYLES = {name: look.linestyle for name, look in LOOKS.items()}
MARKERS = {name: look.marker for name, look in LOOKS.items()}
CLASSES = (Look(BLUE, "-", "o"), Look(VERMILION, "--", "^"))
"""For the two classes of a task, by their label."""


PRINTED = {
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "sgd": "SGD",
    "adagrad": "AdaGrad",
    "adadelta": "AdaDelta",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "nesterov": "Nesterov",
    "glorot": "Glorot",
    "glorot_uniform": "Glorot uniform",
    "glorot_normal": "Glorot normal",
    "xavier": "Xavier",
    "he_uniform": "He uniform",
    "he_normal": "He normal",
    "lecun": "LeCun",
    "lecun_uniform": "LeCun uniform",
    "lecun_normal": "LeCun normal",
}
"""A name in code -> as prose and figures print it."""
_CODE_NAME = re.compile(rf"\b({'|'.join(sorted(PRINTED, key=len, reverse=True))})\b")


def printed(label: object) -> str:
    """A label with its names as prose prints them: "relu, 0.1" -> "ReLU, 0.1"."""
    return _CODE_NAME.sub(lambda found: PRINTED[found[1]], str(label))


def known_look(name: str) -> Look | None:
    """The look of "ReLU", "leaky_relu", "Glorot uniform", "He"...; None for other names."""
    words = name.lower().replace("_", " ").replace("-", " ")
    for suffix in (" uniform", " normal"):
        words = words.removesuffix(suffix)
    words = _ALIASES.get(words, words)
    return LOOKS.get(words) or LOOKS.get(words.replace(" ", "_"))


def look_of(name: str, color: str | None, position: int) -> Look:
    """The look of a known name; of others by their position in the figure, or in a color given."""
    if color is None:
        return known_look(name) or OTHERS[position % len(OTHERS)]
    other = OTHERS[position % len(OTHERS)]
    return known_look(color) or Look(color, other.linestyle, other.marker)
