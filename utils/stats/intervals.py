"""Exact intervals: order statistics for a median, Clopper-Pearson for a share."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import binom, binomtest

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A sample's median and the interval that holds the population's median."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Share:
    """An observed share and the interval that holds the true one."""

    share: float
    low: float
    high: float


def median_interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Exact interval of the median: two order statistics (16 values: the 4th and the 13th).

    values: (n,). The median lies below the k-th smallest value with the chance that fewer than k
    of n fair coins show heads; k is the largest rank that keeps this within half of 1 - level.
    """
    ordered = np.sort(finite(values, "values"))
    n = len(ordered)
    k = rank(n, level)
    if k == 0:
        raise ValueError(
            f"{n} values cannot give a {level:.0%} interval of the median; "
            f"use at least {_fewest(level)} seeds"
        )
    return Interval(float(np.median(ordered)), float(ordered[k - 1]), float(ordered[n - k]))


def share_interval(count: ArrayLike, total: ArrayLike, level: float = LEVEL) -> Share:
    """Exact (Clopper-Pearson) interval of a share: `count` successes in `total` runs.

    Runs that fall together are given as (clusters,), the successes and the runs of each: then a
    cluster counts as one, by its own share, and the interval is for the mean of these shares. It is
    Clopper-Pearson's with the bound of Bentkus (2004), which holds for any independent shares.
    """
    counts, totals = counted(count, total)
    tail = (1 - _level(level)) / 2
    if counts.ndim == 0:
        found = binomtest(int(counts), int(totals)).proportion_ci(level, method="exact")
        return Share(float(counts / totals), float(found.low), float(found.high))
    n, reached = counts.size, float((counts / totals).sum())
    return Share(
        reached / n, _lowest_mean(reached, n, tail), 1 - _lowest_mean(n - reached, n, tail)
    )


def wrong_way_share(a: ArrayLike, b: ArrayLike) -> float:
    """Share of single-run comparisons that point against the medians.

    a: (n,), b: (m,). Each of the n * m pairs is one lucky or unlucky experiment with one seed.
    """
    first, second = finite(a, "a"), finite(b, "b")
    direction = np.sign(np.median(first) - np.median(second))
    if direction == 0:
        raise ValueError("the medians of a and b are equal, so no single run can be wrong")
    return float((np.sign(first[:, None] - second[None, :]) == -direction).mean())


def finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """One finite number per seed, (seeds,); anything else is an error that says what to do."""
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has masked values; every seed counts, so give each a score")
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} holds {array.dtype}; expected one number per seed")
    array = array.astype(np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(
            f"{name} has shape {array.shape}; expected one number per seed, shape (seeds,)"
        )
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(
            f"{name} has {bad} of {len(array)} values that are NaN or infinite: runs that diverged "
            "must be counted, not dropped. Say what they score: runs.final(key, diverged=...)"
        )
    return array


def counted(count: ArrayLike, total: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Successes and runs: both (), or both (clusters,)."""
    counts, totals = np.broadcast_arrays(np.asarray(count), np.asarray(total))
    whole = counts.dtype.kind in "iu" and totals.dtype.kind in "iu"
    sound = whole and ((counts >= 0) & (counts <= totals) & (totals >= 1)).all()
    if not sound or counts.ndim > 1 or counts.size == 0:
        raise ValueError(
            f"got {count!r} of {total!r}; expected whole numbers, 0 <= count <= total, total >= 1, "
            "or such numbers for each cluster, shape (clusters,)"
        )
    return counts, totals


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1, such as 0.95")
    return level


@functools.cache
def rank(n: int, level: float) -> int:
    """The largest k with P(fewer than k of n coins show heads) <= (1 - level) / 2; 0 if none."""
    tail = (1 - _level(level)) / 2
    return int((binom.cdf(np.arange(n // 2 + 1), n, 0.5) <= tail).sum())


def _fewest(level: float) -> int:
    return math.ceil(1 - math.log2(1 - level))


def tail(count: float, n: int, chance: float) -> float:
    """P(count or more of n successes), each with this chance."""
    return float(binom.sf(round(count) - 1, n, chance))


def clustered_tail(total: float, n: int, mean: float) -> float:
    """At most this likely: a sum of n independent numbers in [0, 1] reaches the total.

    mean: that of their expectations. Bentkus (2004): e times the binomial tail, interpolated on a
    logarithmic scale; all at 1 is no likelier than n successes.
    """
    if total >= n - 1e-9:
        return float(mean**n)
    below = math.floor(total)
    tails = binom.logsf([below - 1, below], n, mean)
    part = total - below
    log_tail = tails[0] if part == 0 else (1 - part) * tails[0] + part * tails[1]
    return float(min(1.0, math.exp(1 + log_tail)))


def _lowest_mean(total: float, n: int, tail: float) -> float:
    """The mean of the clusters below which the total would be less likely than `tail`."""
    if total < 1e-9:
        return 0.0
    return float(brentq(lambda mean: clustered_tail(total, n, mean) - tail, 0.0, 1.0))
