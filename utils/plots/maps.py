"""Tables as colored cells: layers along training, two settings against each other, confusions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm, to_rgba
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from utils.palette import BLUE, INK, VERMILION
from utils.plots.looks import printed
from utils.plots.style import whole_numbers

ON_BRIGHT, ON_DARK = "#0b0d0f", "#ffffff"
"""For text on cells of a heat map, whose colors do not follow the theme."""
DIVERGING = LinearSegmentedColormap.from_list(
    "course_diverging",
    # not as (color, alpha), which matplotlib 3.10.0 takes for (place, color)
    [to_rgba(BLUE, 0.72), to_rgba(BLUE, 0.0), to_rgba(VERMILION, 0.0), to_rgba(VERMILION, 0.72)],
)
"""From blue through the page's own paper, light or dark, to vermilion; ink can be read on all."""


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
    Maps to be compared need the same `limits`, and get one bar for all.
    """
    values, epochs = np.asarray(values, float), np.asarray(epochs)
    if values.shape != (len(epochs), len(layers)):
        raise ValueError(
            f"values has shape {values.shape}; expected ({len(epochs)} epochs, {len(layers)} "
            "layers): take the median over members first"
        )
    _colored(ax, values.T, epochs, range(len(layers)), limits, label, "cividis")
    ax.set_yticks(range(len(layers)), [printed(layer) for layer in layers])
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(whole_numbers())


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
    mesh = _colored(ax, values, *places, limits, label, DIVERGING if around_one else "cividis")
    ax.set_yticks(places[1], [printed(row) for row in rows])
    ax.set_xticks(places[0], [printed(column) for column in columns])
    if numbers:
        for (row, column), value in np.ndenumerate(values):
            if np.isfinite(value) and value > 0:
                power = np.round(np.log10(value)) + 0.0  # no minus before zero
                text = f"{power:.0f}" if numbers == "log" else numbers.format(value)
                red, green, blue, _ = mesh.to_rgba(value)
                bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                color = INK if around_one else ON_BRIGHT if bright else ON_DARK
                ax.text(column, row, text, color=color, fontsize=8.5, ha="center", va="center")


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
        box = Rectangle(
            (column - 0.45, row - 0.45),
            width=0.9,
            height=0.9,
            facecolor=(BLUE if right else VERMILION, 0.55 * share),
            edgecolor=INK if right else "none",
            linewidth=0.9,
        )
        ax.add_patch(box)
        if count:
            ax.text(column, row, str(count), fontsize=8.5, ha="center", va="center")
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(rows) - 0.4, -0.6))
    names = [printed(column) for column in columns]
    ax.set_xticks(range(len(columns)), names, rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), [printed(row) for row in rows])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _colored(
    ax: Axes,
    values: np.ndarray,
    columns: ArrayLike,
    rows: ArrayLike,
    limits: tuple[float, float] | None,
    label: str | None,
    colors: str | Colormap,
) -> QuadMesh:
    """Cells of positive values (row, column) on a logarithmic scale; zeros and NaN are hatched."""
    positive = values[np.isfinite(values) & (values > 0)]
    low, high = limits or ((positive.min(), positive.max()) if positive.size else (0.1, 1.0))
    if low >= high:
        low, high = low / 10, high * 10
    shown = np.ma.masked_where(~(values > 0), values)
    mesh = ax.pcolormesh(
        columns, rows, shown, shading="nearest", norm=LogNorm(low, high), cmap=colors
    )
    mesh.set_rasterized(True)
    if shown.mask.any():
        ax.patch.set(hatch="////")
    ax.grid(visible=False)
    ax.tick_params(axis="y", length=0)
    if label is not None:
        alike = _of_one_scale(mesh)
        for other in alike:
            if other.colorbar is not None:
                other.colorbar.remove()
        parents = [other.axes for other in alike if isinstance(other.axes, Axes)]
        bar = ax.figure.colorbar(mesh, ax=parents, label=label, pad=0.03, aspect=14)
        if bar.solids is not None:
            bar.solids.set_rasterized(True)
        bar.outline.set_visible(False)
    return mesh


def _of_one_scale(mesh: QuadMesh) -> list[QuadMesh]:
    """The maps of a figure whose colors mean the same numbers as this one's: one bar tells all."""
    figure = mesh.get_figure(root=True)
    found = [] if figure is None else figure.findobj(QuadMesh)
    return [
        other
        for other in found
        if isinstance(other, QuadMesh)
        and (other.get_clim(), other.get_cmap().name) == (mesh.get_clim(), mesh.get_cmap().name)
        and not (other.axes is not None and other.axes.get_label() == "<colorbar>")
    ]
