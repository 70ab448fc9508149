"""What a measurement says about a claim, and how such sayings combine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from utils.samples import OTHER, ROUND, Sample


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
    samples = tuple(replace(sample, side=OTHER[sample.side]) for sample in evidence.samples)
    return replace(evidence, outcome=outcome, samples=samples, p_values=evidence.p_values[::-1])


def timed(evidence: Evidence) -> Evidence:
    """The same as a close call at best, without a p-value: that of coins is not that of rounds.

    Rounds on one machine share its load, unlike seeds. 1, for yes and for no, claims nothing.
    """
    _parts([evidence], "timed")
    rounds = tuple(replace(sample, each=ROUND) for sample in evidence.samples)
    numbers = re.sub(r"(?<=\d )seeds\b", "rounds", evidence.numbers)
    return replace(evidence, firm=False, numbers=numbers, samples=rounds, p_values=(1.0, 1.0))


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
