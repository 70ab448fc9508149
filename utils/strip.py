"""The strip: what one setting found, as a picture small enough to stand in a sentence's place.

Introduced in the chapter "The nitty-gritty". A dot for each seed, the interval of the median or the
share as a bar below, the threshold as a line, and the side of it that means yes, shaded and named.
Inline SVG in the theme's colors, readable where no style sheet is.
"""

from __future__ import annotations

import html
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from utils import palette
from utils.samples import AGAINST, Sample, figure, figures
from utils.typeset import tidy

DECADES = 100.0
"""From this ratio on, the axis is logarithmic; that of differences never is."""
FENCE = 1.5
"""What lies further out than this many times the middle part is marked at the edge."""
ROOM = 0.14
"""The threshold keeps this part of the width on both sides: yes and no have to be named."""
ANSWERS = {True: ("yes", "holds"), False: ("no", "fails"), None: ("open", "open")}
LETTER = 7.0
Placed = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """Where the parts stand, in units of the picture."""

    width: float
    height: float
    left: float
    top: float
    base: float
    dots: tuple[float, ...]

    @property
    def right(self) -> float:
        """The end of the axis."""
        return self.width - self.left


FULL = Box(width=300, height=84, left=8, top=18, base=54, dots=(6, 5, 4, 3, 2.5))
TINY = Box(width=120, height=24, left=4, top=2, base=17, dots=(4, 3, 2.5, 2, 1.5))


@dataclass(frozen=True)
class Scale:
    """From a number to its place on the axis."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    def at(self, value: float) -> float:
        """The place of a number; of what is off the scale, the nearer end."""
        part = (_moved(value, self.log) - self.low) / (self.high - self.low)
        return self.start + min(max(part, 0.0), 1.0) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether a number is on the scale."""
        return self.low <= _moved(value, self.log) <= self.high


def strip(sample: Sample, tiny: bool = False) -> str:
    """A sample as inline SVG. tiny: for a line of text, wordless, hidden from screen readers."""
    box = TINY if tiny else FULL
    scale = _scale(sample, box)
    on = [value for value in sample.values if scale.holds(value)]
    word, color = ANSWERS[sample.answer]
    shown = palette.VERDICTS[color]
    parts = [
        _yes_side(sample, scale, box),
        _frame(sample, scale, box),
        _dots(_stacked(on, scale, box), box),
        _off(sample, scale, box),
        "" if tiny else _words(sample, scale, box),
    ]
    told = (
        'aria-hidden="true"'
        if tiny
        else f'role="img" aria-label="{html.escape(_told(sample, scale))}"'
    )
    return (
        f'<svg class="strip strip-{word}{" strip-tiny" if tiny else ""}" {told} '
        f'viewBox="0 0 {box.width:g} {box.height:g}" width="{box.width:g}" '
        f'style="--answer:var(--verdict-{color},{shown});display:block;max-width:100%;height:auto">'
        f"{''.join(parts)}</svg>"
    )


# --- the scale -----------------------------------------------------------------------------------


def _moved(value: float, log: bool) -> float:
    if not log:
        return value
    return math.log10(value) if value > 0 else -math.inf


def _scale(sample: Sample, box: Box) -> Scale:
    if sample.is_share:
        pile = (box.width - 2 * box.left) * 0.28
        return Scale(0.0, 1.0, box.left + pile, box.right - pile, log=False)
    ordered = sorted(sample.values)
    quarter = len(ordered) // 4
    middle = ordered[quarter], ordered[-1 - quarter], sample.low, sample.high, sample.threshold
    log = min(middle) > 0 and ordered[0] > 0 and max(middle) / min(middle) >= DECADES
    log = log and AGAINST not in sample.name
    core = [_moved(value, log) for value in middle]
    values = [_moved(value, log) for value in ordered]
    threshold = core[-1]
    span = _wide_enough(max(core) - min(core), threshold)
    fence = min(core) - FENCE * span, max(core) + FENCE * span
    kept = [*core, *(value for value in values if fence[0] <= value <= fence[1])]
    low, high = min(kept), max(kept)
    margin = 0.04 * _wide_enough(high - low, threshold)
    low, high = low - margin, high + margin
    low = min(low, (threshold - ROOM * high) / (1 - ROOM))
    high = max(high, (threshold - ROOM * low) / (1 - ROOM))
    return Scale(low, high, box.left, box.right, log)


def _wide_enough(span: float, around: float) -> float:
    """A span that is not lost in the rounding of the numbers that it is measured between."""
    least = 1e-6 * abs(around)
    return span if span > least else least or 1.0


# --- the parts -----------------------------------------------------------------------------------


def _yes_side(sample: Sample, scale: Scale, box: Box) -> str:
    edge = scale.at(sample.threshold)
    start, end = (edge, box.width) if sample.side == "above" else (0.0, edge)
    return (
        f'<rect class="strip-side" x="{start:.1f}" y="0" width="{end - start:.1f}" '
        f'height="{box.base + 9:g}" fill="currentColor" opacity=".05"/>'
    )


def _frame(sample: Sample, scale: Scale, box: Box) -> str:
    """The axis, the threshold across it, the interval as a bar with the middle marked."""
    edge, low, high = (scale.at(value) for value in (sample.threshold, sample.low, sample.high))
    share = sum(sample.values) / len(sample.values)
    middle = scale.at(share if sample.is_share else statistics.median(sample.values))
    y = box.base + 4.5
    low, high = (low, high) if high - low >= 2 else (low - 1, high + 1)
    return (
        f'<path class="strip-threshold" d="M{edge:.1f} 0V{box.base + 9:g}" stroke="currentColor" '
        'stroke-width="1.5" fill="none"/>'
        f'<path class="strip-interval" d="M{low:.1f} {y:g}H{high:.1f}" stroke-width="4" '
        'fill="none" style="stroke:var(--answer)"/>'
        f'<path class="strip-middle" d="M{middle:.1f} {y - 3.5:g}v7" stroke="currentColor" '
        'stroke-width="2" fill="none"/>'
    )


def _stacked(values: Iterable[float], scale: Scale, box: Box) -> tuple[list[Placed], float]:
    """A place for each value, none on another, and the diameter that makes room for all.

    Equal ones stand on one another. A share's runs are piled up outside of 0 and 1.
    """
    ordered = sorted(values)
    for diameter in box.dots:
        piled = _piled(ordered, scale, box, diameter) if scale.start > box.left else None
        places = piled or _on_top(ordered, scale, box, diameter, diameter)
        if all(y >= box.top + diameter / 2 for _, y in places):
            return places, diameter
    levels = len({y for _, y in places})
    pitch = (box.base - box.top - diameter) / max(levels - 1, 1)
    return _on_top(ordered, scale, box, diameter, pitch), diameter


def _on_top(
    ordered: Sequence[float], scale: Scale, box: Box, diameter: float, pitch: float
) -> list[Placed]:
    """Each value at its place on the axis, on the lowest level that is free there."""
    ends: list[float] = []
    places = []
    for value in ordered:
        x = scale.at(value)
        level = next((i for i, end in enumerate(ends) if x - end >= diameter), len(ends))
        ends[level:] = [x, *ends[level + 1 :]]
        places.append((x, box.base - diameter / 2 - level * pitch))
    return places


def _piled(
    ordered: Sequence[float], scale: Scale, box: Box, diameter: float
) -> list[Placed] | None:
    """The runs of a share: those at 0 to the left of the axis, those at 1 to its right."""
    if not set(ordered) <= {0.0, 1.0}:
        return None
    rows = int((box.base - box.top) // diameter)
    places = []
    seen = {0.0: 0, 1.0: 0}
    for value in ordered:
        column, row = divmod(seen[value], rows)
        seen[value] += 1
        away = (column + 0.5) * diameter + 2
        x = scale.start - away if value == 0 else scale.end + away
        if not diameter / 2 <= x <= box.width - diameter / 2:
            return None
        places.append((x, box.base - diameter / 2 - row * diameter))
    return places


def _dots(stacked: tuple[list[Placed], float], box: Box) -> str:
    places, diameter = stacked
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    return (
        f'<path class="strip-dots" d="{path}" stroke-width="{max(diameter - 0.6, 1):g}" '
        'stroke-linecap="round" fill="none" style="stroke:var(--answer)"/>'
    )


def _off(sample: Sample, scale: Scale, box: Box) -> str:
    """A triangle at the edge for each value that is off the scale."""
    below = [v for v in sample.values if not scale.holds(v) and scale.at(v) <= scale.start]
    above = [v for v in sample.values if not scale.holds(v) and scale.at(v) > scale.start]
    size = box.dots[0]
    pitch = min(size, (box.base - box.top - size) / max(len(below), len(above), 1))
    marks = [
        f"M{x:g} {box.base - size / 2 - i * pitch:.1f}l{way * size:g} {-size / 2:g}v{size:g}z"
        for x, way, found in ((0.5, 1, below), (box.width - 0.5, -1, above))
        for i in range(len(found))
    ]
    if not marks:
        return ""
    return f'<path class="strip-off" d="{"".join(marks)}" style="fill:var(--answer)"/>'


# --- the words -----------------------------------------------------------------------------------


def _words(sample: Sample, scale: Scale, box: Box) -> str:
    """Yes and no at the ends; below the axis the threshold and how far the values reach."""
    left, right = ("no", "yes") if sample.side == "above" else ("yes", "no")
    words = [
        _text(3, 13, left, "start", strong=left == "yes"),
        _text(box.width - 3, 13, right, "end", strong=right == "yes"),
    ]
    if scale.log:
        words.append(_text(_clear(scale.at(sample.threshold), box), 13, "log scale", "middle"))
    taken: list[tuple[float, float]] = []
    for x, told in _ticks(sample, scale):
        half = LETTER * len(told) / 2
        x = min(max(x, half), box.width - half)
        if all(x + half + 6 <= start or x - half - 6 >= end for start, end in taken):
            taken.append((x - half, x + half))
            words.append(_text(x, box.height - 5, told, "middle"))
    return f'<g fill="currentColor" font-size="12" style="font-family:inherit">{"".join(words)}</g>'


def _clear(edge: float, box: Box) -> float:
    """The middle of the wider part beside the threshold."""
    return edge / 2 if edge > box.width / 2 else (edge + box.width) / 2


def _ticks(sample: Sample, scale: Scale) -> list[tuple[float, str]]:
    """Places and texts below the axis, the most needed first."""
    if sample.is_share:
        return [
            (scale.at(share), f"{100 * share:g}\N{NO-BREAK SPACE}%")
            for share in (sample.threshold, 0.0, 1.0)
        ]
    least, most = min(sample.values), max(sample.values)
    width = most - least
    ticks = [(scale.at(sample.threshold), figure(sample.threshold, 0, sample.unit))]
    for value, sign in ((most, "▸"), (least, "◂")):
        mark = "" if scale.holds(value) else f"{sign} "
        ticks.append((scale.at(value), mark + figure(value, width)))
    return ticks


def _text(x: float, y: float, told: str, anchor: str, strong: bool = False) -> str:
    weight = ' font-weight="600"' if strong else ""
    return f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}"{weight}>{html.escape(told)}</text>'


def _told(sample: Sample, scale: Scale) -> str:
    n, each = len(sample.values), sample.each
    if sample.is_share:
        ends = [f"{100 * share:.0f} %" for share in (sample.low, sample.high, sample.threshold)]
        return f"{n} runs; the interval is {ends[0]} to {ends[1]}; yes is {sample.side} {ends[2]}"
    span = max(sample.values) - min(sample.values)
    least, most = (figure(end(sample.values), span) for end in (min, max))
    _, low, high = map(tidy, figures(sample))
    off = sum(not scale.holds(value) for value in sample.values)
    return (
        f"{n} {each}s from {least} to {most}{', on a log scale' if scale.log else ''}; "
        f"the interval is {low} to {high}; yes is {sample.side} "
        f"{figure(sample.threshold, 0)}{f'; {off} off the scale' if off else ''}"
    )
