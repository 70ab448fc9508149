"""Drawings of a network: where it draws its boundary, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from utils.palette import BLUE, INK, PAPER, VERMILION
from utils.plots.looks import CLASSES, printed
from utils.plots.narrow import phone_columns


def plane(
    x: ArrayLike, points: int = 80, margin: float = 0.1
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """A grid around two-feature data, to predict on: (points * points, 2), and its extent."""
    low, high = np.min(x, axis=0), np.max(x, axis=0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    axes = [np.linspace(a, b, points, dtype="float32") for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    return grid, (float(low[0]), float(high[0]), float(low[1]), float(high[1]))


def examples(ax: Axes, x: ArrayLike, y: ArrayLike, size: float = 3.6) -> None:
    """Draw two-feature examples: circles for class 0, triangles for class 1, `size` in points."""
    for label, look in enumerate(CLASSES):
        chosen = np.asarray(x)[np.asarray(y) == label]
        ax.plot(
            *chosen.T,
            look.marker,
            color=look.color,
            markersize=size,
            markeredgecolor=PAPER,
            markeredgewidth=0.3,
            rasterized=True,
            zorder=1,
        )
    ax.set(aspect="equal", xlabel="feature 1", ylabel="feature 2")


def boundary(
    ax: Axes,
    probability: ArrayLike,
    extent: tuple[float, float, float, float],
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    size: float = 3.6,
) -> None:
    """Draw where a two-feature classifier says which class, and the line where it is undecided.

    probability: of class 1 at the points of `plane`, in their order; extent: as `plane` gave it.
    x, y: (n, 2) and (n,), `examples` to draw over it.
    """
    if (x is None) != (y is None):
        raise ValueError("x and y belong together: give both to draw the examples, or neither")
    flat = np.asarray(probability, float).ravel()
    side = round(len(flat) ** 0.5)
    if side * side != len(flat):
        raise ValueError(
            f"probability has {len(flat)} values; expected one for each point of plane(x), "
            "whose count is a square"
        )
    image = flat.reshape(side, side)
    columns, rows = np.linspace(*extent[:2], side), np.linspace(*extent[2:], side)
    for look, share in zip(CLASSES, (1 - image, image), strict=True):
        for least, alpha in ((0.5, 0.13), (0.75, 0.15), (0.95, 0.17)):
            ax.contourf(
                columns,
                rows,
                share,
                [least, 2],
                colors=[look.color],
                alpha=alpha,
                antialiased=False,
                zorder=-1,
            )
    ax.set_rasterization_zorder(0)  # matplotlib 3.10.0 has contours rasterized in no other way
    if image.min() < 0.5 < image.max():
        ax.contour(columns, rows, image, [0.5], colors=[INK], linewidths=1.6, zorder=2)
    if x is not None and y is not None:
        examples(ax, x, y, size)
    ax.set(xlim=extent[:2], ylim=extent[2:], aspect="equal", xlabel="feature 1", ylabel="feature 2")
    ax.grid(visible=False)


def boundaries(
    probabilities: Sequence[ArrayLike],
    extent: tuple[float, float, float, float],
    titles: Sequence[str],
    x: ArrayLike | None = None,
    y: ArrayLike | None = None,
    columns: int = 3,
) -> Figure:
    """Draw one `boundary` per entry, side by side: networks, seeds, or moments of training."""
    columns = min(columns, len(probabilities))
    rows = -(-len(probabilities) // columns)
    shape = (extent[3] - extent[2]) / (extent[1] - extent[0])
    size = (5.6, 0.5 + rows * (5.6 / columns * shape + 0.25))
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in grid.flat[len(probabilities) :]:
        ax.set_axis_off()
    phone_columns(figure, min(columns, 2))
    for ax, image, title in zip(grid.flat, probabilities, titles, strict=False):
        boundary(ax, image, extent, x, y, size=2.6)
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.set_title(printed(title), fontsize=10, fontweight="normal", pad=4)
    return figure


def network(ax: Axes, sizes: Sequence[int], labels: Sequence[str] | None = None) -> None:
    """Draw a dense network, from its input on the left to its output; large layers abbreviated.

    sizes: units per layer; labels: one per layer, written below it instead of the size.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(
            f"sizes is {list(sizes)}; expected two or more layers of one or more units"
        )
    heights = [np.arange(min(size, 9)) - (min(size, 9) - 1) / 2 for size in sizes]
    hidden = [[4] if size > 9 else [] for size in sizes]
    kept = [np.delete(height, gap) for height, gap in zip(heights, hidden, strict=True)]
    for left, (start, end) in enumerate(pairwise(kept)):
        a, b = (array.ravel() for array in np.meshgrid(start, end))
        lines = np.stack([a, b, np.full_like(a, np.nan)], axis=1).ravel()
        ax.plot(
            np.tile([left, left + 1, np.nan], len(a)), lines, color=INK, alpha=0.3, linewidth=0.7
        )
    for place, (height, gap) in enumerate(zip(kept, hidden, strict=True)):
        role = BLUE if place == 0 else VERMILION if place == len(sizes) - 1 else PAPER
        ax.plot(
            [place] * len(height),
            height,
            "o",
            color=role,
            markersize=13,
            markeredgecolor=INK,
            markeredgewidth=1.2,
        )
        if gap:
            ax.plot([place] * 3, [-0.22, 0, 0.22], "o", color=INK, markersize=2.2)
        text = printed(labels[place]) if labels else str(sizes[place])
        lowest = min(map(np.min, heights))
        below = (0, -15)
        ax.annotate(text, (place, lowest), below, textcoords="offset points", ha="center", va="top")
    ax.margins(0.12, 0.08)
    ax.set_axis_off()
