"""Which verdicts stand when all of the book are looked at together: Holm's correction.

Up to one in twenty intervals misses by chance, and the book has many. Holm (1979) keeps the chance
that any of its decided outcomes is wrong in this way below the level, for all settings measured
over seeds at once. Timings take no part: rounds on one machine are no independent coins.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from utils.claims.rules import OPEN, Settled
from utils.samples import ROUND

Key = TypeVar("Key", bound=Hashable)

LEVEL = 0.05


def holm(p_values: Mapping[Key, float], level: float = LEVEL) -> set[Key]:
    """The keys whose p-values stay below the level after Holm's correction for all of them."""
    standing: set[Key] = set()
    for place, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        if p_values[key] * (len(p_values) - place) > level:
            break
        standing.add(key)
    return standing


def measured_settings(settled: Iterable[Settled]) -> dict[tuple[str, str], float]:
    """The p-value of every setting measured over seeds, of all claims, open ones included."""
    return {
        (one.id, name): p
        for one in settled
        for name, p in one.p_values.items()
        if name not in timings(one)
    }


def timings(settled: Settled) -> set[str]:
    """The settings of a verdict in which time was taken."""
    return {
        name
        for name, samples in settled.samples.items()
        if any(sample.each == ROUND for sample in samples)
    }


def stands(settled: Iterable[Settled]) -> dict[str, bool]:
    """By claim with a decided setting measured over seeds: whether all of these survive."""
    verdicts = {one.id: one for one in settled}
    measured = measured_settings(verdicts.values())
    standing = holm(measured)
    survives: dict[str, bool] = {}
    for claim, name in measured:
        if verdicts[claim].outcomes[name].answer != OPEN:
            survives[claim] = survives.get(claim, True) and (claim, name) in standing
    return survives
