"""Direct labels for lines, instead of a legend."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from utils.palette import INK
from utils.plots.style import POINTS_PER_INCH, wrapped


class EndLabels(Artist):
    """Labels to the right of the axes, level with the ends of their lines or moved just apart.

    Their places are found when the figure is drawn, so scales and limits may change before that.
    """

    zorder = 4

    def __init__(self, ax: Axes, figure: Figure) -> None:
        super().__init__()
        self.set_clip_on(False)
        self.names: list[str] = []
        self._beside, self._on = ax, figure
        self._ends: list[tuple[str, float, float]] = []
        self._size = float(mpl.rcParams["font.size"])
        self._wide = 0.3 * figure.get_figwidth()

    def add(self, name: str, color: str, x: float, y: float) -> None:
        """Label the line of this color that ends at (x, y)."""
        self.names.append(name)
        self._ends.append((color, x, y))

    def resize(self, inches: float, size: float) -> None:
        """Give the labels this much room and this size in points."""
        self._wide, self._size = inches, size

    def placed(self) -> list[tuple[Line2D, Text]]:
        """A leader and a text for each line, in pixels."""
        point = self._on.dpi / POINTS_PER_INCH
        ends = self._beside.transData.transform([(x, y) for _, x, y in self._ends])
        frame = self._beside.bbox
        names = [wrapped(name, self._wide, self._size) for name in self.names]
        lines = np.array([name.count("\n") + 1 for name in names])
        levels = apart(ends[:, 1], 1.3 * self._size * point * lines, frame.y0, frame.y1)
        placed = []
        for name, (color, _, _), (x, y), level in zip(names, self._ends, ends, levels, strict=True):
            left = frame.x1 + 12 * point
            leader = Line2D([x, left - 3 * point], [y, level], color=color, linewidth=0.9)
            text = Text(
                left,
                level,
                name,
                va="center_baseline",
                color=INK,
                fontsize=self._size,
                linespacing=1.1,
            )
            leader.set_figure(self._on)
            text.set_figure(self._on)
            placed.append((leader, text))
        return placed

    def get_tightbbox(self, renderer: RendererBase | None = None) -> Bbox:
        """Tell the layout how much room the texts need."""
        return Bbox.union([text.get_window_extent(renderer) for _, text in self.placed()])

    def draw(self, renderer: RendererBase) -> None:
        """Draw the leaders and the texts."""
        for leader, text in self.placed():
            leader.draw(renderer)
            text.draw(renderer)


def end_labels(ax: Axes) -> EndLabels:
    """The axes' end labels, added when the first line is drawn."""
    for artist in ax.get_children():
        if isinstance(artist, EndLabels):
            return artist
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("the axes have been removed from their figure: draw on new ones")
    labels = EndLabels(ax, figure)
    ax.add_artist(labels)
    return labels


def apart(wanted: np.ndarray, heights: ArrayLike, low: float, high: float) -> np.ndarray:
    """The places closest to those wanted of labels of these heights, not overlapping, in low..high.

    Closest by least squares. If there are too many for the room, they overflow at the top.
    """
    wanted = np.clip(wanted, low, high)
    order = np.argsort(wanted, kind="stable")
    sizes = np.broadcast_to(heights, len(wanted))[order]
    steps = np.cumsum(np.append(0.0, (sizes[1:] + sizes[:-1]) / 2))
    found = isotonic_regression(wanted[order] - steps).x + steps
    places = np.empty(len(wanted))
    places[order] = np.maximum(np.minimum(found, high - (steps[-1] - steps)), low + steps)
    return places
