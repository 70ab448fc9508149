"""The arithmetic behind a verdict: medians, exact intervals, paired comparisons over seeds.

Introduced in the chapter "The nitty-gritty". Every interval here is exact and free of assumptions
about the shape of the distribution: order statistics for a median, Clopper-Pearson for a share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, binom


@dataclass(frozen=True)
class Evidence:
    """What a measurement says about a claim: yes, no, or that the interval allows both (None)."""

    outcome: bool | None
    numbers: str

    def __post_init__(self) -> None:
        if self.outcome is not None and not isinstance(self.outcome, bool | np.bool_):
            raise TypeError(f"outcome is {self.outcome!r}; expected True, False or None")


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


def median_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Exact interval of the median: two order statistics (16 values: the 4th and the 13th).

    values: (n,). The median lies below the k-th smallest value with the chance that fewer than k
    of n fair coins show heads; k is the largest rank that keeps this within half of 1 - level.
    """
    ordered = np.sort(_finite(values, "values"))
    n = len(ordered)
    rank = _rank(n, level)
    if rank == 0:
        raise ValueError(
            f"{n} values cannot give a {level:.0%} interval of the median; "
            f"use at least {_fewest(level)} seeds"
        )
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[n - rank]))


def share_interval(count: int, total: int, level: float = 0.95) -> Share:
    """Exact (Clopper-Pearson) interval of a share: `count` successes in `total` runs."""
    whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in (count, total))
    if not whole or total < 1 or not 0 <= count <= total:
        raise ValueError(
            f"got {count} of {total}; expected whole numbers, 0 <= count <= total and total >= 1"
        )
    tail = (1 - _level(level)) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(1 - tail, count + 1, total - count))
    return Share(count / total, low, high)


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
    first, second = _finite(a, names[0]), _finite(b, names[1])
    if len(first) != len(second):
        raise ValueError(
            f"{names[0]} has {len(first)} seeds and {names[1]} has {len(second)}; "
            "a paired comparison needs the same seeds in both"
        )
    difference = first - second
    interval = median_interval(difference)
    # A difference carries the rounding of what it was taken from; equal numbers differ by 0.
    size = float(np.median(np.abs([first, second]))) if by else 0.0
    wins, n = int((difference > by + _tie(by, size)).sum()), len(difference)
    width = interval.high - interval.low
    margin = f" (asked for: more than {_number(by, 0.0)})" if by else ""
    numbers = (
        f"{names[0]} {_number(np.median(first), width, unit)}, "
        f"{names[1]} {_number(np.median(second), width, unit)}; "
        f"median difference {_number(interval.median, width, unit, sign=True)} "
        f"{_range(interval, sign=True)}{margin}; {wins} of {n} wins, "
        f"Cliff's delta {cliffs_delta(first, second):+.2f}, "
        f"sign test p = {_probability(_sign_test(wins, n))}"
    )
    return Evidence(_above(interval, by, size), numbers)


def median_above(values: ArrayLike, threshold: float, name: str = "", unit: str = "") -> Evidence:
    """Does the median over seeds lie above the threshold? True or False where the interval says."""
    interval = median_interval(values)
    return Evidence(
        _above(interval, threshold), _median_numbers(interval, name, "above", threshold, unit)
    )


def median_below(values: ArrayLike, threshold: float, name: str = "", unit: str = "") -> Evidence:
    """Does the median over seeds lie below the threshold? True or False where the interval says."""
    interval = median_interval(values)
    return Evidence(
        _below(interval, threshold), _median_numbers(interval, name, "below", threshold, unit)
    )


def share_above(count: int, total: int, threshold: float, name: str = "") -> Evidence:
    """Is the share above the threshold? True or False where its exact interval says so."""
    interval = share_interval(count, total)
    _share(threshold, "threshold")
    return Evidence(
        _above(interval, threshold),
        _share_numbers(count, total, interval, name, "above", threshold),
    )


def share_below(count: int, total: int, threshold: float, name: str = "") -> Evidence:
    """Is the share below the threshold? True or False where its exact interval says so."""
    interval = share_interval(count, total)
    _share(threshold, "threshold")
    return Evidence(
        _below(interval, threshold),
        _share_numbers(count, total, interval, name, "below", threshold),
    )


def check(ok: bool, numbers: str) -> Evidence:
    """Evidence from a deterministic check: an equality, a count, a closed form."""
    if not isinstance(ok, bool | np.bool_):
        raise TypeError(
            f"check got {type(ok).__name__}, expected one True or False; "
            "reduce arrays first, e.g. with np.allclose or .all()"
        )
    return Evidence(bool(ok), numbers)


def all_of(*evidence: Evidence) -> Evidence:
    """Every part must hold: False if one is False, None if one is open, else True."""
    outcomes = _outcomes(evidence, "all_of")
    outcome = False if False in outcomes else None if None in outcomes else True
    return Evidence(outcome, _joined(evidence))


def any_of(*evidence: Evidence) -> Evidence:
    """One part is enough: True if one is True, None if one is open, else False."""
    outcomes = _outcomes(evidence, "any_of")
    outcome = True if True in outcomes else None if None in outcomes else False
    return Evidence(outcome, _joined(evidence))


def negate(evidence: Evidence) -> Evidence:
    """The same measurement, read as evidence for the opposite statement."""
    outcome = None if evidence.outcome is None else not evidence.outcome
    return Evidence(outcome, evidence.numbers)


def cliffs_delta(a: ArrayLike, b: ArrayLike) -> float:
    """Effect size in -1..1: how much more often a run of `a` beats one of `b` than the reverse."""
    first, second = _finite(a, "a"), _finite(b, "b")
    return float(np.sign(first[:, None] - second[None, :]).mean())


def wrong_way_share(a: ArrayLike, b: ArrayLike) -> float:
    """Share of single-run comparisons that point against the medians.

    a: (n,), b: (m,). Each of the n * m pairs is one lucky or unlucky experiment with one seed.
    """
    first, second = _finite(a, "a"), _finite(b, "b")
    direction = np.sign(np.median(first) - np.median(second))
    if direction == 0:
        raise ValueError("the medians of a and b are equal, so no single run can be wrong")
    return float((np.sign(first[:, None] - second[None, :]) == -direction).mean())


def chance_of_verdict(win_share: float, seeds: int, level: float = 0.95) -> float:
    """The chance that `seeds` paired seeds let `paired_win` say True.

    win_share: how often a single seed wins. The number of wins is binomial, and the verdict needs
    all but k - 1 of them, k being the rank that `median_interval` uses; below 6 seeds: never.
    """
    _share(win_share, "win_share")
    if seeds < 1:
        raise ValueError(f"seeds is {seeds}; expected at least 1")
    rank = _rank(seeds, level)
    return float(binom.sf(seeds - rank, seeds, win_share)) if rank else 0.0


def _share(value: float, name: str) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; expected a share between 0 and 1")


def _finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
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


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a number between 0 and 1, such as 0.95")
    return level


def _rank(n: int, level: float) -> int:
    """The largest k with P(fewer than k of n coins show heads) <= (1 - level) / 2; 0 if none."""
    tail = (1 - _level(level)) / 2
    return int((binom.cdf(np.arange(n // 2 + 1), n, 0.5) <= tail).sum())


def _fewest(level: float) -> int:
    return math.ceil(1 - math.log2(1 - level))


def _sign_test(wins: int, n: int) -> float:
    """Two-sided; a tie counts as no win, so that p and interval always agree."""
    return min(1.0, 2 * float(min(binom.cdf(wins, n, 0.5), binom.sf(wins - 1, n, 0.5))))


def _above(interval: Interval | Share, threshold: float, size: float = 0.0) -> bool | None:
    edge = threshold + _tie(threshold, size)
    return True if interval.low > edge else False if interval.high <= edge else None


def _below(interval: Interval | Share, threshold: float) -> bool | None:
    edge = threshold - _tie(threshold)
    return True if interval.high < edge else False if interval.low >= edge else None


def _tie(threshold: float, size: float = 0.0) -> float:
    """What rounding can make of a tie between numbers of this size: Keras's metrics are float32."""
    return 1e-6 * max(abs(threshold), size)


def _outcomes(evidence: Sequence[Evidence], caller: str) -> list[bool | None]:
    if not evidence:
        raise ValueError(f"{caller} got nothing to combine; pass one or more Evidence")
    return [part.outcome for part in evidence]


def _joined(evidence: Sequence[Evidence]) -> str:
    return "; ".join(part.numbers for part in evidence)


def _median_numbers(
    interval: Interval, name: str, relation: str, threshold: float, unit: str
) -> str:
    width = interval.high - interval.low
    label = f"{name}: " if name else ""
    return (
        f"{label}median {_number(interval.median, width, unit)} {_range(interval)} "
        f"(asked for: {relation} {_number(threshold, 0.0)})"
    )


def _share_numbers(
    count: int, total: int, interval: Share, name: str, relation: str, threshold: float
) -> str:
    label = f"{name}: " if name else ""
    return (
        f"{label}{count} of {total} ({interval.share:.0%}, interval {interval.low:.0%} to "
        f"{interval.high:.0%}; asked for: {relation} {threshold:.0%})"
    )


def _range(interval: Interval, sign: bool = False) -> str:
    width = interval.high - interval.low
    low, high = (_number(end, width, sign=sign) for end in (interval.low, interval.high))
    return f"[{low}, {high}]"


def _number(value: float, width: float, unit: str = "", sign: bool = False) -> str:
    """As many digits as an interval of this width deserves: two digits of the width."""
    plus = "+" if sign else ""
    size = abs(float(value))
    decimals = 1 - math.floor(math.log10(width)) if width > 0 else 0
    if size >= 1e5 or 0 < size < 1e-3:
        digits = 1 + math.floor(math.log10(size)) + decimals if width > 0 else 2
        text = f"{value:{plus}.{min(max(digits, 2), 4)}g}"
    elif width > 0:
        text = f"{value:{plus}.{min(max(decimals, 0), 4)}f}"
    else:
        text = f"{value:{plus}.4g}"
    return f"{text} {unit}" if unit else text


def _probability(p: float) -> str:
    return f"{p:.1g}" if p < 0.001 else f"{p:.3f}"
