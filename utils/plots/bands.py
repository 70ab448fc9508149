"""What many seeds did: bands along training, and dots at its end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from utils.palette import PAPER
from utils.plots.end_labels import end_labels
from utils.plots.looks import look_of, printed
from utils.plots.style import whole_numbers
from utils.stats import median_interval

MOST_MARKED = 21
"""Points of a line with markers that can be told apart."""


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
    that of `label`, or of `color` where that is a name such as "relu". Every point is marked, or
    none where they stand too close. `singles` adds each seed as a thin line. Diverged members are
    NaN: replace them by what they are worth, or be refused.
    """
    x, values = np.asarray(x), np.asarray(values)
    if np.issubdtype(x.dtype, np.integer):
        ax.xaxis.set_major_locator(whole_numbers())
    if values.shape[-1:] != x.shape or values.ndim not in (1, 2):
        raise ValueError(
            f"x has shape {x.shape} and values {values.shape}; "
            "expected (time,) and (member, time), or (time,) for a single run"
        )
    ends = end_labels(ax)
    look = look_of(label, color, len(ends.names))
    if values.ndim == 2:
        medians, low, high = _intervals(values, label, level)
        ax.fill_between(x, low, high, color=look.color, alpha=0.18, linewidth=0)
        if singles:
            ax.plot(x, values.T, color=look.color, alpha=0.45, linewidth=0.6)
    else:
        medians = values
    ax.plot(x, medians, color=look.color, linestyle=look.linestyle)
    if len(x) <= MOST_MARKED:
        ax.plot(
            x,
            medians,
            color=look.color,
            linestyle="none",
            marker=look.marker,
            markeredgecolor=PAPER,
            markeredgewidth=0.6,
        )
    shown = np.flatnonzero(np.isfinite(medians))
    if len(shown):
        ends.add(printed(label), look.color, x[shown[-1]], medians[shown[-1]])


def dots(ax: Axes, groups: Mapping[str, ArrayLike], *, level: float = 0.95) -> None:
    """Draw each group's seeds as a row of dots, over a bar: its median and the median's interval.

    groups: name -> (member,). Give the axes an x label; the rows are named by the groups.
    """
    if not groups:
        raise ValueError("groups is empty; expected at least one name with its values")
    values = {name: np.asarray(group, float) for name, group in groups.items()}
    spread = np.ptp(np.concatenate([v[np.isfinite(v)] for v in values.values()])) or 1.0
    for row, (name, group) in enumerate(values.items()):
        look = look_of(name, None, row)
        (median,), (low,), (high,) = _intervals(group[:, None], name, level)
        height = row + 0.3
        ax.plot([low, high], [height] * 2, color=look.color, linewidth=3.5, alpha=0.5)
        ax.plot(median, height, color=look.color, marker="|", markersize=11, markeredgewidth=2.6)
        at = row + 0.08 - _swarm(group, spread / 45)
        ax.plot(group, at, linestyle="none", color=look.color, marker=look.marker, alpha=0.75)
    ax.set_yticks(range(len(groups)), [printed(name) for name in groups])
    ax.set_ylim(len(groups) - 0.45, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    ax.spines["left"].set_visible(False)


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
