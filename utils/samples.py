"""One number per seed with what it is held against, and what it says in one plain sentence.

Introduced in the chapter "The nitty-gritty". Needs neither NumPy nor SciPy, so that the book draws
and words its cards from stored numbers alone.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from utils.typeset import tidy

Side = Literal["above", "below"]
SEED, ROUND = "seed", "round"
"""What has one number: a seed, or a round of timing."""
OTHER: dict[Side, Side] = {"above": "below", "below": "above"}
AGAINST = " − "
"""Between the two names of a paired difference."""
DIGITS = 4
"""Of the numbers that a card stores."""
PERCENT = "\N{NO-BREAK SPACE}%"
INTERVAL = f"95{PERCENT} interval"


@dataclass(frozen=True)
class Sample:
    """One number per seed, the threshold that it is held against, and the interval between.

    each: SEED or ROUND.
    """

    name: str
    values: tuple[float, ...]
    threshold: float
    side: Side
    low: float
    high: float
    unit: str = ""
    each: str = SEED

    @property
    def answer(self) -> bool | None:
        """Whether the whole interval lies on the side asked for, none of it, or a part."""
        low, high = (self.low, self.high) if self.side == "above" else (-self.high, -self.low)
        edge = self.threshold if self.side == "above" else -self.threshold
        return True if low > edge else False if high <= edge else None

    @property
    def agreeing(self) -> int:
        """How many values lie on the side asked for."""
        if self.side == "above":
            return sum(value > self.threshold for value in self.values)
        return sum(value < self.threshold for value in self.values)

    @property
    def is_share(self) -> bool:
        """Whether the interval is that of a share; a median's ends are two of the values."""
        return not {self.low, self.high} <= set(self.values)


def decisive(samples: Sequence[Sample], outcome: bool | None) -> Sample:
    """The sample that a card shows: of those that say the same as its setting, the closest.

    Closest is the one whose interval leaves the least room between its near end and the threshold,
    in widths of the interval: so seconds compare with points, and a share with a median. Of what is
    open it is the one with the threshold deepest inside. The count of agreeing seeds parts equals.
    """
    same = [sample for sample in samples if sample.answer is outcome] or samples

    def margin(sample: Sample) -> tuple[float, float]:
        room = max(sample.low - sample.threshold, sample.threshold - sample.high)
        width = sample.high - sample.low
        widths = room / width if width else math.inf if room else 0.0
        return widths, abs(sample.agreeing / len(sample.values) - 0.5)

    return min(same, key=margin)


def sentence(sample: Sample, measure: str = "") -> str:
    """What a sample says: its median or its share, with the interval, in plain words.

    measure: what the numbers are, where the sample's name and unit leave that open.
    """
    told = not measure or sample.unit or measure in sample.name
    return tidy(_said(sample, "" if told else f"{measure} "))


def _said(sample: Sample, measure: str) -> str:
    n, name = len(sample.values), sample.name.strip()
    if sample.is_share:
        return f"{name or 'Share'}: {_share(sample)}"
    middle, width = statistics.median(sample.values), sample.high - sample.low
    if AGAINST in name:
        first, second = name.split(AGAINST, 1)
        if not any(sample.values):
            return f"{first} against {second}: no difference in any of {n} {sample.each}s"
        by = figure(abs(middle), width, sample.unit)
        told = f"{first} against {second}: {measure}{'lower' if middle < 0 else 'higher'} by {by}"
    else:
        told = f"{name or 'Median'}: {measure}{figure(middle, width, sample.unit)}"
    of = f"median of {n} {sample.each}s"
    if width == 0:
        same = len(set(sample.values)) == 1
        return f"{told} ({f'all {n} {sample.each}s' if same else of})"
    return f"{told} ({of}; {INTERVAL} {_interval(sample, width)})"


def _share(sample: Sample) -> str:
    total, n = sum(sample.values), len(sample.values)
    low, high = (round(100 * end) for end in (sample.low, sample.high))
    if all(value in (0, 1) for value in sample.values):
        runs, of = f"{total:g} of {n} runs ", f"{100 * total / n:.0f}{PERCENT}"
    else:
        runs, of = f"{100 * total / n:.0f}{PERCENT} ", f"{n} clusters of runs"
    return f"{runs}({of}; {INTERVAL} {low} to {high}{PERCENT})"


def _interval(sample: Sample, width: float) -> str:
    low, high = sample.low, sample.high
    if AGAINST in sample.name and low < 0:
        if high > 0:
            return f"from {figure(-low, width)} lower to {figure(high, width)} higher"
        low, high = -high, -low  # lower by so much
    return f"{figure(low, width)} to {figure(high, width)}"


def figure(value: float, width: float, unit: str = "") -> str:
    """A number as a reader writes it: −0.031, 7.6 × 10⁻⁷.

    It shows two digits of the width; of a width of 0.004 to 0.01 one, for thousandths suffice.
    """
    return tidy(number(value, 0.01 if 0.004 <= width < 0.01 else width, unit))


def number(value: float, width: float, unit: str = "", sign: bool = False) -> str:
    """As many digits as an interval of this width deserves: two digits of the width."""
    plus = "+z" if sign else "z"  # no minus before a zero
    value = float(f"{value:.{DIGITS}g}")  # so that what was stored rounds as what was computed
    size = abs(value)
    decimals = 1 - math.floor(math.log10(width)) if width > 0 else 0
    if size >= 1e5 or 0 < size < 1e-3:
        digits = 1 + math.floor(math.log10(size)) + decimals if width > 0 else 2
        text = f"{value:{plus}.{min(max(digits, 2), 4)}g}"
    elif width > 0:
        text = f"{value:{plus}.{min(max(decimals, 0), 4)}f}"
    else:
        text = f"{value:{plus}.4g}"
    return f"{text} {unit}" if unit else text
