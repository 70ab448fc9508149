"""Every figure's look in one place: bands over seeds, dots, heat maps, boundaries, networks.

Introduced in the chapter "The nitty-gritty". A figure says one thing in its title, can be read
without color, follows the page's theme (its ink is one fixed color that the book replaces) and
comes out the same, byte by byte, each time. These functions draw what others have computed.
"""

from utils.plots.bands import band, dots
from utils.plots.diagrams import boundaries, boundary, examples, network, plane
from utils.plots.looks import CLASSES, COLORS, LINESTYLES, MARKERS, printed
from utils.plots.maps import confusion, heat_map, layer_map
from utils.plots.narrow import phone_columns
from utils.plots.style import headline, style

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
    "phone_columns",
    "plane",
    "printed",
    "style",
]
