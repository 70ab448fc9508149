"""Direct labels for lines, instead of a legend: used by `utils.plots`."""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from utils.plots.palette import INK


class EndLabels(Artist):
    """Labels to the right of the axes, level with the ends of their lines or moved just apart.

    The places are found when the figure is drawn, so scales and limits may change before that.
    """

    zorder = 4

    def __init__(self):
        super().__init__()
        self.set_clip_on(False)
        self.names: list[str] = []
        self._ends: list[tuple[str, float, float]] = []

    def add(self, name: str, color: str, x: float, y: float) -> None:
        """Label the line of this color that ends at (x, y)."""
        self.names.append(name)
        self._ends.append((color, x, y))

    def _placed(self, renderer) -> list[tuple[Line2D, Text]]:
        """A leader and a text for each line, in pixels."""
        points = renderer.points_to_pixels
        ends = self.axes.transData.transform([(x, y) for _, x, y in self._ends])
        frame = self.axes.bbox
        levels = apart(ends[:, 1], points(13), frame.y0, frame.y1)
        placed = []
        for name, (color, _, _), (x, y), level in zip(
            self.names, self._ends, ends, levels, strict=True
        ):
            left = frame.x1 + points(12)
            leader = Line2D([x, left - points(3)], [y, level], color=color, linewidth=0.9)
            text = Text(left, level, name, va="center_baseline", color=INK)
            for artist in (leader, text):
                artist.set_figure(self.axes.get_figure(root=True))
            placed.append((leader, text))
        return placed

    def get_tightbbox(self, renderer=None) -> Bbox:
        """Tell the layout how much room the texts need."""
        renderer = renderer or self.axes.get_figure(root=True).canvas.get_renderer()
        return Bbox.union([text.get_window_extent(renderer) for _, text in self._placed(renderer)])

    def draw(self, renderer) -> None:
        """Draw the leaders and the texts."""
        for leader, text in self._placed(renderer):
            leader.draw(renderer)
            text.draw(renderer)


def end_labels(ax: Axes) -> EndLabels:
    """The axes' end labels, added when the first line is drawn."""
    for artist in ax.get_children():
        if isinstance(artist, EndLabels):
            return artist
    return ax.add_artist(EndLabels())


def apart(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """The places closest to those wanted that are `gap` or more apart, within low..high.

    Least squares, by isotonic regression. Too many for the room between overflow at the top.
    """
    wanted = np.clip(wanted, low, high)
    order = np.argsort(wanted, kind="stable")
    blocks: list[tuple[float, int]] = []
    for value in wanted[order] - gap * np.arange(len(wanted)):
        mean, count = value, 1
        while blocks and blocks[-1][0] > mean:
            before, size = blocks.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        blocks.append((mean, count))
    steps = gap * np.arange(len(wanted))
    found = np.minimum(np.repeat(*zip(*blocks, strict=True)) + steps, high - steps[::-1])
    places = np.empty(len(wanted))
    places[order] = np.maximum(found, low + steps)
    return places
