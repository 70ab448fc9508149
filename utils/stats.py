"""The arithmetic behind a verdict: medians, exact intervals, paired comparisons over seeds.

Introduced in the chapter "The nitty-gritty". Every interval here is exact and free of assumptions
about the shape of the distribution: order statistics for a median, Clopper-Pearson for a share.
Each comparison is made at two levels. The 95 % interval decides its outcome; where the 99.9 %
interval says the same the outcome is firm, else it is a close call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import binom, binomtest

LEVEL, FIRM_LEVEL = 0.95, 0.999

Side = Literal["above", "below"]


@dataclass(frozen=True)
class Sample:
    """One number per seed, the threshold that it is held against, and the interval between."""

    name: str
    values: tuple[float, ...]
    threshold: float
    side: Side
    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Evidence:
    """What a measurement says about a claim: yes, no, or that the interval allows both (None).

    firm: decided, and by the 99.9 % interval as well. p_values: two-sided and exact, of a yes and
    of a no; a check that involves no chance has 0 for what it found.
    """

    outcome: bool | None
    firm: bool
    numbers: str
    samples: tuple[Sample, ...] = ()
    p_values: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if self.outcome is not None and not isinstance(self.outcome, bool | np.bool_):
            raise TypeError(f"outcome is {self.outcome!r}; expected True, False or None")
        if not isinstance(self.numbers, str):
            raise TypeError(f"numbers is {self.numbers!r}; expected a text that says what was seen")
        if self.firm and self.outcome is None:
            raise ValueError("what is open cannot be firm")

    @property
    def p(self) -> float:
        """The p-value of the outcome; of what is open, the smaller of the two."""
        yes, no = self.p_values
        return min(yes, no) if self.outcome is None else yes if self.outcome else no


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
    ordered = np.sort(_finite(values, "values"))
    n = len(ordered)
    rank = _rank(n, level)
    if rank == 0:
        raise ValueError(
            f"{n} values cannot give a {level:.0%} interval of the median; "
            f"use at least {_fewest(level)} seeds"
        )
    return Interval(float(np.median(ordered)), float(ordered[rank - 1]), float(ordered[n - rank]))


def share_interval(count: ArrayLike, total: ArrayLike, level: float = LEVEL) -> Share:
    """Exact (Clopper-Pearson) interval of a share: `count` successes in `total` runs.

    Runs that fall together are given as (clusters,), the successes and the runs of each: then a
    cluster counts as one, by its own share, and the interval is for the mean of these shares. It is
    Clopper-Pearson's with the bound of Bentkus (2004), which holds for any independent shares.
    """
    counts, totals = _counts(count, total)
    tail = (1 - _level(level)) / 2
    if counts.ndim == 0:
        found = binomtest(int(counts), int(totals)).proportion_ci(level, method="exact")
        return Share(float(counts / totals), float(found.low), float(found.high))
    shares = counts / totals
    n, sum_ = len(shares), float(shares.sum())
    return Share(sum_ / n, _lowest_mean(sum_, n, tail), 1 - _lowest_mean(n - sum_, n, tail))


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
    # A difference carries the rounding of what it was taken from; equal numbers differ by 0.
    size = float(np.median(np.abs([first, second]))) if by else 0.0
    edge = by + _tie(by, size)
    sample = _sample(first - second, by, "above", f"{names[0]} − {names[1]}", unit)
    wins, n = int((first - second > edge).sum()), len(first)
    ahead = f"beyond the margin of {_number(by, 0.0, unit)}" if by else "ahead"
    numbers = (
        f"{names[0]} against {names[1]}: {_difference(sample, unit)}; {wins} of {n} seeds {ahead}"
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


def check(ok: bool, numbers: str) -> Evidence:
    """Evidence from a deterministic check: an equality, a count, a closed form."""
    if not isinstance(ok, bool | np.bool_):
        raise TypeError(
            f"check got {type(ok).__name__}, expected one True or False; "
            "reduce arrays first, e.g. with np.allclose or .all()"
        )
    return Evidence(bool(ok), True, numbers, p_values=(0.0, 1.0) if ok else (1.0, 0.0))


def all_of(*evidence: Evidence) -> Evidence:
    """Every part must hold: False if one is False, None if one is open, else True."""
    _parts(evidence, "all_of")
    yes, no = zip(*(part.p_values for part in evidence), strict=True)
    return _combined(evidence, _all, (max(yes), _bonferroni(no)))


def any_of(*evidence: Evidence) -> Evidence:
    """One part is enough: True if one is True, None if one is open, else False."""
    _parts(evidence, "any_of")
    yes, no = zip(*(part.p_values for part in evidence), strict=True)
    return _combined(evidence, _any, (_bonferroni(yes), max(no)))


def negate(evidence: Evidence) -> Evidence:
    """The same measurement, read as evidence for the opposite statement."""
    _parts([evidence], "negate")
    outcome = None if evidence.outcome is None else not evidence.outcome
    return replace(evidence, outcome=outcome, p_values=evidence.p_values[::-1])


def wrong_way_share(a: ArrayLike, b: ArrayLike) -> float:
    """Share of single-run comparisons that point against the medians.

    a: (n,), b: (m,). Each of the n * m pairs is one lucky or unlucky experiment with one seed.
    """
    first, second = _finite(a, "a"), _finite(b, "b")
    direction = np.sign(np.median(first) - np.median(second))
    if direction == 0:
        raise ValueError("the medians of a and b are equal, so no single run can be wrong")
    return float((np.sign(first[:, None] - second[None, :]) == -direction).mean())


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


def _edge(threshold: float, side: Side) -> float:
    return threshold + (_tie(threshold) if side == "above" else -_tie(threshold))


def _beyond(low: float, high: float, edge: float, side: Side) -> bool | None:
    if side == "above":
        return True if low > edge else False if high <= edge else None
    return True if high < edge else False if low >= edge else None


def _tie(threshold: float, size: float = 0.0) -> float:
    """What rounding can make of a tie between numbers of this size: Keras's metrics are float32."""
    return 1e-6 * max(abs(threshold), size)


def _all(outcomes: Sequence[bool | None]) -> bool | None:
    return False if False in outcomes else None if None in outcomes else True


def _any(outcomes: Sequence[bool | None]) -> bool | None:
    return True if True in outcomes else None if None in outcomes else False


def _combined(
    evidence: Sequence[Evidence],
    rule: Callable[[Sequence[bool | None]], bool | None],
    p_values: tuple[float, float],
) -> Evidence:
    """The rule applied at both levels: what is not firm is open to the stricter one."""
    return Evidence(
        rule([part.outcome for part in evidence]),
        rule([part.outcome if part.firm else None for part in evidence]) is not None,
        "; ".join(part.numbers for part in evidence),
        tuple(sample for part in evidence for sample in part.samples),
        p_values,
    )


def _bonferroni(p_values: Sequence[float]) -> float:
    """That one of several speaks, where any would do, is that many times as likely by chance."""
    return min(1.0, len(p_values) * min(p_values))


def _parts(evidence: Sequence[Evidence], caller: str) -> None:
    if not evidence:
        raise ValueError(f"{caller} got nothing to combine; pass one or more Evidence")
    for part in evidence:
        if not isinstance(part, Evidence):
            raise TypeError(
                f"{caller} got a {type(part).__name__}, expected the Evidence that a comparison "
                f"returns, each as an argument of its own: {caller}(*parts) for a list"
            )


def _median_evidence(
    values: ArrayLike, threshold: float, side: Side, name: str, unit: str
) -> Evidence:
    sample = _sample(values, threshold, side, name, unit)
    label = f"{name}: " if name else ""
    middle = _number(np.median(sample.values), sample.high - sample.low, unit)
    numbers = (
        f"{label}median {middle}{_range(sample)} over {len(sample.values)} seeds "
        f"(asked for: {side} {_number(threshold, 0.0, unit)})"
    )
    return _by_coins(sample, _edge(threshold, side), numbers)


def _sample(values: ArrayLike, threshold: float, side: Side, name: str, unit: str) -> Sample:
    found = _finite(values, name or "values")
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
        if not _rank(len(values), level):
            return None
        interval = median_interval(values, level)
        return _beyond(interval.low, interval.high, edge, sample.side)

    p_values = _tail(wins, len(values), 0.5), _tail(len(values) - wins, len(values), 0.5)
    return _measured(outcome, sample, numbers, p_values)


def _share_evidence(
    count: ArrayLike, total: ArrayLike, threshold: float, side: Side, name: str
) -> Evidence:
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}; expected a share between 0 and 1")
    interval = share_interval(count, total)
    counts, totals = _counts(count, total)
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

    tail, n = _clustered_tail if clustered else _tail, values.size
    more, fewer = values.sum(), n - values.sum()
    p_values = tail(more, n, threshold), tail(fewer, n, 1 - threshold)
    return _measured(outcome, sample, numbers, p_values if side == "above" else p_values[::-1])


def _measured(
    outcome: Callable[[float], bool | None],
    sample: Sample,
    numbers: str,
    tails: tuple[float, float],
) -> Evidence:
    yes, no = (min(1.0, 2 * tail) for tail in tails)
    firm = outcome(FIRM_LEVEL) is not None
    return Evidence(outcome(LEVEL), firm, numbers, (sample,), (yes, no))


def _tail(count: float, n: int, chance: float) -> float:
    """P(count or more of n successes), each with this chance."""
    return float(binom.sf(round(count) - 1, n, chance))


def _clustered_tail(total: float, n: int, mean: float) -> float:
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
    return float(brentq(lambda mean: _clustered_tail(total, n, mean) - tail, 0.0, 1.0))


def _counts(count: ArrayLike, total: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    counts, totals = np.broadcast_arrays(np.asarray(count), np.asarray(total))
    whole = counts.dtype.kind in "iu" and totals.dtype.kind in "iu" and counts.ndim < 2
    if not whole or counts.size == 0 or (totals < 1).any() or not (counts >= 0).all():
        whole = False
    if not whole or (counts > totals).any():
        raise ValueError(
            f"got {count} of {total}; expected whole numbers, 0 <= count <= total and total >= 1, "
            "or such numbers for each cluster, shape (clusters,)"
        )
    return counts, totals


def _difference(sample: Sample, unit: str) -> str:
    if not any(sample.values):
        return "no difference"
    width = sample.high - sample.low
    median = _number(np.median(sample.values), width, unit, sign=True)
    return f"median difference {median}{_range(sample, sign=True)}"


def _range(sample: Sample, sign: bool = False) -> str:
    width = sample.high - sample.low
    if width == 0:
        return " without spread"
    low, high = (_number(end, width, sign=sign) for end in (sample.low, sample.high))
    return f" [{low}, {high}]"


def _number(value: float, width: float, unit: str = "", sign: bool = False) -> str:
    """As many digits as an interval of this width deserves: two digits of the width."""
    plus = "+z" if sign else "z"  # no minus before a zero
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
