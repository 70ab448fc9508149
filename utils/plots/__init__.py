"""Every figure's look in one place: bands over seeds, dots, heat maps, boundaries, networks.

Introduced in the chapter "The nitty-gritty".
"""

from utils.plots.figures import (
    CLASSES,
    COLORS,
    LINESTYLES,
    MARKERS,
    band,
    boundaries,
    boundary,
    confusion,
    dots,
    examples,
    headline,
    heat_map,
    layer_map,
    network,
    plane,
    style,
)

__all__ = [
    "CLASSES",
    "COLORS",
    "LINESTYLES",
    "MARKERS",
    "band",
    "boundaries",
    "boundary",
    "confusion",
    "dots",
    "examples",
    "headline",
    "heat_map",
    "layer_map",
    "network",
    "plane",
    "style",
]
