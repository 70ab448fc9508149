"""Which verdicts stand when all of the book are looked at together: Holm's correction.

One in twenty intervals misses by chance, and the book has many. Holm (1979) keeps the chance that
any of its decided outcomes is wrong in this way below the level, for all measured settings at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from utils.claims.rules import OPEN, Settled

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
    """The p-value of every measured setting of all claims, open ones included."""
    return {(one.id, name): p for one in settled for name, p in one.p_values.items()}


def stands(settled: Iterable[Settled]) -> dict[str, bool]:
    """By claim with a measured, decided setting: whether all of these survive the correction."""
    verdicts = list(settled)
    standing = holm(measured_settings(verdicts))
    decided = {
        one.id: [name for name in one.p_values if one.outcomes[name].answer != OPEN]
        for one in verdicts
    }
    return {
        claim: all((claim, name) in standing for name in names)
        for claim, names in decided.items()
        if names
    }
