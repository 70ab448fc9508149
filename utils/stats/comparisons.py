"""Comparisons over seeds, each made at two levels.

The 95 % interval decides the outcome. Where the 99.9 % interval says the same the outcome is firm,
else it is a close call; fewer than 11 seeds have no such interval of the median.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from utils.samples import Sample, Side, number
from utils.stats.evidence import Evidence
from utils.stats.intervals import (
    LEVEL,
    clustered_tail,
    counted,
    finite,
    median_interval,
    rank,
    share_interval,
    tail,
)

FIRM_LEVEL = 0.999


def paired_win(
    a: ArrayLike,
    b: ArrayLike,
    by: float = 0.0,
    names: tuple[str, str] = ("a", "b"),
    unit: str = "",
) -> Evidence:
    """Is a - b > by, seed by seed? Decided by the 95 % interval of the median difference.

    a, b: (seeds,), the same seed at the same place. True where the whole interval lies above `by`
    (16 seeds: 13 or more wins), False where no part of it does, else None. A tie is no win.
    """
    first, second = finite(a, names[0]), finite(b, names[1])
    if len(first) != len(second):
        raise ValueError(
            f"{names[0]} has {len(first)} seeds and {names[1]} has {len(second)}; "
            "a paired comparison needs the same seeds in both"
        )
    # A difference carries the rounding of what it was taken from; equal numbers differ by 0.
    size = float(np.median(np.abs([first, second]))) if by else 0.0
    edge = by + _tie(by, size)
    sample = _sample(first - second, by, "above", f"{names[0]} − {names[1]}", unit)
    wins, n = int((first - second > edge).sum()), len(first)
    numbers = (
        f"{names[0]} against {names[1]}: {_difference(sample, unit)}; "
        f"{wins} of {n} seeds {_ahead(by, unit)}"
    )
    return _by_coins(sample, edge, numbers)


def median_above(values: ArrayLike, threshold: float, name: str = "", unit: str = "") -> Evidence:
    """Does the median over seeds lie above the threshold? True or False where the interval says."""
    return _median_evidence(values, threshold, "above", name, unit)


def median_below(values: ArrayLike, threshold: float, name: str = "", unit: str = "") -> Evidence:
    """Does the median over seeds lie below the threshold? True or False where the interval says."""
    return _median_evidence(values, threshold, "below", name, unit)


def share_above(count: ArrayLike, total: ArrayLike, threshold: float, name: str = "") -> Evidence:
    """Is the share above the threshold? True or False where its exact interval says so.

    Runs that fall together are counted by cluster: count, total (clusters,), see share_interval.
    """
    return _share_evidence(count, total, threshold, "above", name)


def share_below(count: ArrayLike, total: ArrayLike, threshold: float, name: str = "") -> Evidence:
    """Is the share below the threshold? True or False where its exact interval says so.

    Runs that fall together are counted by cluster: count, total (clusters,), see share_interval.
    """
    return _share_evidence(count, total, threshold, "below", name)


def _median_evidence(
    values: ArrayLike, threshold: float, side: Side, name: str, unit: str
) -> Evidence:
    sample = _sample(values, threshold, side, name, unit)
    label = f"{name}: " if name else ""
    middle = number(np.median(sample.values), sample.high - sample.low, unit)
    numbers = (
        f"{label}median {middle}{_range(sample)} over {len(sample.values)} seeds "
        f"(asked for: {side} {number(threshold, 0.0, unit)})"
    )
    return _by_coins(sample, _edge(threshold, side), numbers)


def _sample(values: ArrayLike, threshold: float, side: Side, name: str, unit: str) -> Sample:
    found = finite(values, name or "values")
    if not np.isfinite(threshold):
        raise ValueError(f"the threshold of {name or 'values'} is {threshold}; expected a number")
    interval = median_interval(found)
    return Sample(
        name, tuple(found.tolist()), float(threshold), side, interval.low, interval.high, unit
    )


def _by_coins(sample: Sample, edge: float, numbers: str) -> Evidence:
    """Does the median lie beyond the edge? If it lay there, each value would be a fair coin."""
    values = np.array(sample.values)
    wins = int((values > edge if sample.side == "above" else values < edge).sum())

    def outcome(level: float) -> bool | None:
        if not rank(len(values), level):  # too few seeds
            return None
        interval = median_interval(values, level)
        return _beyond(interval.low, interval.high, edge, sample.side)

    n = len(values)
    return _measured(outcome, sample, numbers, (tail(wins, n, 0.5), tail(n - wins, n, 0.5)))


def _share_evidence(
    count: ArrayLike, total: ArrayLike, threshold: float, side: Side, name: str
) -> Evidence:
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}; expected a share between 0 and 1")
    interval = share_interval(count, total)
    counts, totals = counted(count, total)
    clustered = counts.ndim > 0
    label = f"{name}: " if name else ""
    among = f" in {counts.size} clusters" if clustered else ""
    numbers = (
        f"{label}{counts.sum()} of {totals.sum()}{among} ({interval.share:.0%}, interval "
        f"{interval.low:.0%} to {interval.high:.0%}; asked for: {side} {threshold:.0%})"
    )
    values = counts / totals if clustered else np.repeat([1.0, 0.0], [counts, totals - counts])
    sample = Sample(
        name, tuple(values.tolist()), float(threshold), side, interval.low, interval.high
    )

    def outcome(level: float) -> bool | None:
        found = share_interval(count, total, level)
        return _beyond(found.low, found.high, _edge(threshold, side), side)

    likely, n = clustered_tail if clustered else tail, values.size
    more, fewer = values.sum(), n - values.sum()
    tails = likely(more, n, threshold), likely(fewer, n, 1 - threshold)
    return _measured(outcome, sample, numbers, tails if side == "above" else tails[::-1])


def _measured(
    outcome: Callable[[float], bool | None],
    sample: Sample,
    numbers: str,
    tails: tuple[float, float],
) -> Evidence:
    yes, no = (min(1.0, 2 * tail) for tail in tails)
    firm = outcome(FIRM_LEVEL) is not None
    return Evidence(outcome(LEVEL), firm, numbers, (sample,), (yes, no))


def _edge(threshold: float, side: Side) -> float:
    return threshold + (_tie(threshold) if side == "above" else -_tie(threshold))


def _beyond(low: float, high: float, edge: float, side: Side) -> bool | None:
    if side == "above":
        return True if low > edge else False if high <= edge else None
    return True if high < edge else False if low >= edge else None


def _tie(threshold: float, size: float = 0.0) -> float:
    """What rounding can make of a tie between numbers of this size: Keras's metrics are float32."""
    return 1e-6 * max(abs(threshold), size)


def _ahead(by: float, unit: str) -> str:
    if by < 0:
        return f"less than {number(-by, 0.0, unit)} behind"
    return f"beyond the margin of {number(by, 0.0, unit)}" if by else "ahead"


def _difference(sample: Sample, unit: str) -> str:
    if not any(sample.values):
        return "no difference"
    width = sample.high - sample.low
    median = number(np.median(sample.values), width, unit, sign=True)
    return f"median difference {median}{_range(sample, sign=True)}"


def _range(sample: Sample, sign: bool = False) -> str:
    width = sample.high - sample.low
    if width == 0:
        return " without spread"
    low, high = (number(end, width, sign=sign) for end in (sample.low, sample.high))
    return f" [{low}, {high}]"
