"""One number per seed with what it is held against, and what it says in one plain sentence.

Introduced in the chapter "The nitty-gritty". Needs neither NumPy nor SciPy, so that the book draws
and words its cards from stored numbers alone.
"""

from __future__ import annotations

import math
import re
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
_NUMBER = r"[-+]?\d[\d.]*(?:e[-+]\d+)?"
MEDIAN = re.compile(
    rf"(?:(?<=median )|(?<=median difference ))(?P<middle>{_NUMBER})(?P<unit>(?: [^;\[]+)?) "
    rf"\[(?P<low>{_NUMBER}), (?P<high>{_NUMBER})\]"
)
"""A median and its interval in the text of a comparison."""
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
    middle, low, high = figures(sample)
    unit = f" {sample.unit}" if sample.unit else ""
    if AGAINST in name:
        first, second = name.split(AGAINST, 1)
        if not any(sample.values):
            return f"{first} against {second}: no difference in any of {n} {sample.each}s"
        way = "lower" if middle.startswith("-") else "higher"
        told = f"{first} against {second}: {measure}{way} by {middle.lstrip('-')}{unit}"
    else:
        told = f"{name or 'Median'}: {measure}{middle}{unit}"
    of = f"median of {n} {sample.each}s"
    if sample.low == sample.high:
        same = len(set(sample.values)) == 1
        return f"{told} ({f'all {n} {sample.each}s' if same else of})"
    if AGAINST in name and low.startswith("-"):
        if sample.high > 0:
            between = f"from {low[1:]} lower to {high} higher"
        else:
            between = f"{high.lstrip('-')} to {low[1:]}"  # lower by so much
    else:
        between = f"{low} to {high}"
    return f"{told} ({of}; {INTERVAL} {between})"


def _share(sample: Sample) -> str:
    total, n = sum(sample.values), len(sample.values)
    low, high = (round(100 * end) for end in (sample.low, sample.high))
    if all(value in (0, 1) for value in sample.values):
        runs, of = f"{total:g} of {n} runs ", f"{100 * total / n:.0f}{PERCENT}"
    else:
        runs, of = f"{100 * total / n:.0f}{PERCENT} ", f"{n} clusters of runs"
    return f"{runs}({of}; {INTERVAL} {low} to {high}{PERCENT})"


def figures(sample: Sample) -> tuple[str, str, str]:
    """The median of a sample and the ends of its interval, as `in_short` writes them."""
    width = sample.high - sample.low
    numbers = statistics.median(sample.values), sample.low, sample.high
    middle, low, high = (number(value, width) for value in numbers)
    return in_short(middle, low, high)


def in_short(middle: str, low: str, high: str) -> tuple[str, str, str]:
    """A median and its interval, as `number` wrote them, with no digit that tells nothing.

    Thousandths suffice where the interval is 0.004 to 0.01 wide, and from the third decimal on
    there are no zeros in which all three end. A small one among larger ones has their decimals,
    unless it would become 0.
    """
    texts = middle, low, high
    values = [float(text) for text in texts]
    width = round(values[2] - values[1], 9)
    whole = [text for text, value in zip(texts, values, strict=True) if 1e-3 <= abs(value) < 1e5]
    if not whole:
        return texts
    decimals = max(len(text.partition(".")[2]) for text in whole)
    if 0.004 <= width <= 0.01 and all(round(value, 3) or not value for value in values):
        decimals = min(decimals, 3)
    plus = "+z" if any(text.startswith("+") for text in texts) else "z"

    def short_of(text: str, value: float) -> str:
        stays = abs(value) >= 1e5 or (value and not round(value, decimals))
        return text if stays else f"{value:{plus}.{decimals}f}"

    short = [*map(short_of, texts, values)]
    while all(re.search(r"\.\d{2,}0\Z", text) for text in short):
        short = [text[:-1] for text in short]
    return short[0], short[1], short[2]


def shortened(numbers: str) -> str:
    """The numbers behind an outcome, as a comparison wrote them, each median written in short."""

    def short(found: re.Match[str]) -> str:
        middle, low, high = in_short(found["middle"], found["low"], found["high"])
        return f"{middle}{found['unit']} [{low}, {high}]"

    return MEDIAN.sub(short, numbers)


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
