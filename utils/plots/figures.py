"""Every figure's look in one place: bands over seeds, dots, heat maps, boundaries, networks.

Introduced in the chapter "The nitty-gritty". A figure says one thing in its title, is read without
color too, follows the page's theme (its ink is one fixed color that the book replaces) and comes
out the same, byte by byte, each time. These functions draw what others have computed.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from utils.plots.end_labels import end_labels
from utils.plots.palette import (
    BLUE,
    INK,
    LOOKS,
    ON_BRIGHT,
    ON_DARK,
    OTHERS,
    PAPER,
    RC,
    SAVE,
    VERMILION,
    Look,
    known_look,
)
from utils.stats import median_interval

COLORS = {name: look.color for name, look in LOOKS.items()}
LINESTYLES = {name: look.linestyle for name, look in LOOKS.items()}
MARKERS = {name: look.marker for name, look in LOOKS.items()}
CLASSES = (Look(BLUE, "-", "o"), Look(VERMILION, "--", "^"))


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


def band(
    ax: Axes,
    x: ArrayLike,
    values: ArrayLike,
    label: str,
    color: str | None = None,
    *,
    level: float = 0.95,
    singles: bool = False,
) -> None:
    """Draw the median over seeds with the median's interval, its label at the line's end.

    x: (time,); values: (member, time), or (time,) for one run, which gets a line alone. The look is
    that of `label`, or of `color` where that is a name such as "relu". `singles` adds each seed as
    a thin line. Diverged members are NaN: replace them by what they are worth, or be refused.
    """
    x, values = np.asarray(x), np.asarray(values)
    if np.issubdtype(x.dtype, np.integer):
        ax.xaxis.set_major_locator(_whole_numbers())
    if values.shape[-1:] != x.shape or values.ndim not in (1, 2):
        raise ValueError(
            f"x has shape {x.shape} and values {values.shape}; "
            "expected (time,) and (member, time), or (time,) for a single run"
        )
    ends = end_labels(ax)
    look = _look(label, color, len(ends.names))
    if values.ndim == 2:
        medians, low, high = _intervals(values, label, level)
        ax.fill_between(x, low, high, color=look.color, alpha=0.18, linewidth=0)
        if singles:
            ax.plot(x, values.T, color=look.color, alpha=0.45, linewidth=0.6)
    else:
        medians = values
    ax.plot(x, medians, color=look.color, linestyle=look.linestyle)
    marks = {"markevery": 0.18, "markeredgecolor": PAPER, "markeredgewidth": 0.6}
    ax.plot(x, medians, color=look.color, linestyle="none", marker=look.marker, **marks)
    shown = np.flatnonzero(np.isfinite(medians))
    if len(shown):
        ends.add(label, look.color, x[shown[-1]], medians[shown[-1]])


def dots(ax: Axes, groups: Mapping[str, ArrayLike], *, level: float = 0.95) -> None:
    """Draw each group's seeds as a row of dots, over a bar: its median and the median's interval.

    groups: name -> (member,). Give the axes an x label; the rows are named by the groups.
    """
    if not groups:
        raise ValueError("groups is empty; expected at least one name with its values")
    values = {name: np.asarray(group, float) for name, group in groups.items()}
    spread = np.ptp(np.concatenate([v[np.isfinite(v)] for v in values.values()])) or 1.0
    for row, (name, group) in enumerate(values.items()):
        look = _look(name, None, row)
        (median,), (low,), (high,) = _intervals(group[:, None], name, level)
        height = row + 0.3
        ax.plot([low, high], [height] * 2, color=look.color, linewidth=3.5, alpha=0.5)
        ax.plot(median, height, color=look.color, marker="|", markersize=11, markeredgewidth=2.6)
        at = row + 0.08 - _swarm(group, spread / 45)
        ax.plot(group, at, linestyle="none", color=look.color, marker=look.marker, alpha=0.75)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.45, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)


def layer_map(
    ax: Axes,
    values: ArrayLike,
    epochs: ArrayLike,
    layers: Sequence[str],
    label: str | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """Draw one number per layer along training as a heat map with a logarithmic scale.

    values: (epoch, layer), positive; the first layer is the lowest row. `label` names the number
    on the color bar; without it there is none. Zeros have no logarithm: such cells are hatched.
    Maps to be compared need the same `limits` of the scale, and then one bar.
    """
    values, epochs = np.asarray(values, float), np.asarray(epochs)
    if values.shape != (len(epochs), len(layers)):
        raise ValueError(
            f"values has shape {values.shape}; expected ({len(epochs)} epochs, {len(layers)} "
            "layers): take the median over members first"
        )
    _colored(ax, values.T, epochs, range(len(layers)), limits, label, "cividis")
    ax.set_yticks(range(len(layers)), list(layers))
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(_whole_numbers())


def heat_map(
    ax: Axes,
    values: ArrayLike,
    rows: Sequence[object],
    columns: Sequence[object],
    label: str | None = None,
    limits: tuple[float, float] | None = None,
    *,
    around_one: bool = False,
    numbers: str | None = None,
) -> None:
    """Draw a table of positive numbers as colored cells on a logarithmic scale.

    values: (row, column); the first row is the lowest. `around_one` has two colors that part at 1,
    for ratios. `numbers` writes into every cell: a format such as "{:.2f}", or "log" for the power
    of ten. `label` names the number on the color bar; without it there is none.
    """
    values = np.asarray(values, float)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(
            f"values has shape {values.shape}; expected ({len(rows)} rows, {len(columns)} columns)"
        )
    if around_one and limits is None:
        sizes = np.abs(np.log10(values[np.isfinite(values) & (values > 0)]))
        reach = max(sizes.max(initial=0), 1.0)
        limits = 10**-reach, 10**reach
    places = np.arange(len(columns)), np.arange(len(rows))
    mesh = _colored(ax, values, *places, limits, label, "PuOr" if around_one else "cividis")
    ax.set_yticks(places[1], [str(row) for row in rows])
    ax.set_xticks(places[0], [str(column) for column in columns])
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value) and value > 0:
                power = np.round(np.log10(value)) + 0.0  # no minus before zero
                text = f"{power:.0f}" if numbers == "log" else numbers.format(value)
                red, green, blue, _ = mesh.to_rgba(value)
                bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                color = ON_BRIGHT if bright else ON_DARK
                ax.text(column, row, text, color=color, fontsize=8.5, ha="center", va="center")


def _colored(ax: Axes, values, columns, rows, limits, label, colors: str):
    """Cells of positive values (row, column) on a logarithmic scale; zeros and NaN are hatched."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = limits or ((positive.min(), positive.max()) if positive.size else (0.1, 1.0))
    if low >= high:
        low, high = low / 10, high * 10
    shown = np.ma.masked_where(~(values > 0), values)
    scale = {"norm": LogNorm(low, high), "cmap": colors}
    mesh = ax.pcolormesh(columns, rows, shown, shading="nearest", **scale)
    mesh.set_rasterized(True)
    if shown.mask.any():
        ax.patch.set(hatch="////")
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    if label is not None:
        bar = ax.figure.colorbar(mesh, ax=ax, label=label, pad=0.03, aspect=14)
        bar.solids.set_rasterized(True)
        bar.outline.set_visible(False)
    return mesh


def confusion(
    ax: Axes,
    counts: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    xlabel: str,
    ylabel: str,
) -> None:
    """Draw how often each row was given each column's name: counts (row, column) in cells.

    The first row is on top; the darker, the larger the share of its row. Right ones are framed:
    those in the column of the same name.
    """
    counts = np.asarray(counts)
    if counts.shape != (len(rows), len(columns)):
        raise ValueError(
            f"counts has shape {counts.shape}; expected ({len(rows)} rows, {len(columns)} columns)"
        )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), count in np.ndenumerate(counts):
        right = rows[row] == columns[column]
        share = shares[row, column]
        edge = {"edgecolor": INK if right else "none", "linewidth": 0.9}
        box = (column - 0.45, row - 0.45), 0.9, 0.9
        color = BLUE if right else VERMILION
        ax.add_patch(plt.Rectangle(*box, facecolor=(color, 0.55 * share), **edge))
        if count:
            ax.text(column, row, str(count), fontsize=8.5, ha="center", va="center")
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.4, -0.6))
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


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
        marks = {"markersize": size, "markeredgecolor": PAPER, "markeredgewidth": 0.3}
        ax.plot(*chosen.T, look.marker, color=look.color, rasterized=True, zorder=1, **marks)
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
        fill = {"colors": [look.color], "antialiased": False, "zorder": 0}
        for least, alpha in ((0.5, 0.13), (0.75, 0.15), (0.95, 0.17)):
            ax.contourf(columns, rows, share, [least, 2], alpha=alpha, **fill).set_rasterized(True)
    if image.min() < 0.5 < image.max():
        ax.contour(columns, rows, image, [0.5], colors=[INK], linewidths=1.6, zorder=2)
    if x is not None:
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
    for ax, image, title in zip(grid.flat, probabilities, titles, strict=False):
        boundary(ax, image, extent, x, y, size=2.6)
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.set_title(title, fontsize=10, fontweight="normal", pad=4)
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
        circle = {"markersize": 13, "markeredgecolor": INK, "markeredgewidth": 1.2}
        ax.plot([place] * len(height), height, "o", color=role, **circle)
        if gap:
            ax.plot([place] * 3, [-0.22, 0, 0.22], "o", color=INK, markersize=2.2)
        text = labels[place] if labels else str(sizes[place])
        below = {"textcoords": "offset points", "ha": "center", "va": "top"}
        ax.annotate(text, (place, min(map(np.min, heights))), (0, -15), **below)
    ax.margins(0.12, 0.08)
    ax.set_axis_off()


def _whole_numbers() -> MaxNLocator:
    return MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True)


def _look(name: str, color: str | None, position: int) -> Look:
    """The look of a known name; of others by their position in the figure, or in a color given."""
    if color is None:
        return known_look(name) or OTHERS[position % len(OTHERS)]
    other = OTHERS[position % len(OTHERS)]
    return known_look(color) or Look(color, other.linestyle, other.marker)


def _intervals(values: np.ndarray, name: str, level: float) -> tuple[np.ndarray, ...]:
    """The median and its interval at each time: three arrays (time,) from values (member, time)."""
    missing = int(np.isnan(values).any(axis=1).sum())
    if missing:
        raise ValueError(
            f"{name}: {missing} of {len(values)} members have NaN; they count too, so replace NaN "
            "by what a diverged run is worth, e.g. np.nan_to_num(values, nan=0.5)"
        )
    found = [median_interval(column, level) for column in values.T]
    return tuple(np.array([getattr(i, key) for i in found]) for key in ("median", "low", "high"))


def _swarm(values: np.ndarray, width: float) -> np.ndarray:
    """Offsets (member,) that keep dots closer than `width` apart from covering each other."""
    bins = np.floor(values / width)
    offsets = np.zeros(len(values))
    for place in np.unique(bins):
        members = np.flatnonzero(bins == place)
        step = min(0.13, 0.5 / len(members))
        offsets[members] = step * np.arange(len(members))
    return offsets
