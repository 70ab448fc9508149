"""The rules of the ledger: from outcomes to a word, and what a re-run must not contradict.

Six words by one symmetric rule. One more yes never weakens a word; one more setting that stays open
takes "holds" back to "holds here"; one more no makes "depends" of either. A definition or a formula
is checked, or is a misprint; what no run can decide is settled by reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from utils.samples import Sample

SIX_WORDS = ("holds", "holds here", "depends", "fails here", "fails", "open")
CHECKED, MISPRINT, BY_READING = "checked", "misprint", "by reading"
WORDS = (*SIX_WORDS, CHECKED, MISPRINT, BY_READING)
SHAPES = dict(zip(WORDS, "●◐◆⊗✕?✓✎○", strict=True))
CHECK = "check"
"""The name of the one setting of a claim that is settled by a check."""

YES, NO, OPEN = ANSWERS = ("yes", "no", "open")


class Outcome(NamedTuple):
    """What was found in one setting: yes, no or open; firm, or a close call."""

    answer: str
    firm: bool

    def __str__(self) -> str:
        close = self.answer != OPEN and not self.firm
        return f"{self.answer}, close call" if close else self.answer


@dataclass(frozen=True)
class Settled:
    """A verdict with what was found in each setting; `anchor` is the id of its card on the page.

    numbers: by setting; of a verdict by reading, its finding under an empty name.
    p_values, samples: by measured setting; a check that involves no chance has none.
    """

    id: str
    verdict: str
    outcomes: Mapping[str, Outcome]
    numbers: Mapping[str, str]
    anchor: str
    p_values: Mapping[str, float] = field(default_factory=dict)
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)


def word(answers: Iterable[str]) -> str:
    """The word that the answers of an experiment's settings earn."""
    given = list(answers)
    if not given or not set(given) <= set(ANSWERS):
        raise ValueError(f"answers are {given}; expected one or more of {', '.join(ANSWERS)}")
    if YES in given and NO in given:
        return "depends"
    if YES not in given and NO not in given:
        return "open"
    verb = "holds" if YES in given else "fails"
    everywhere = len(given) > 1 and OPEN not in given
    return verb if everywhere else f"{verb} here"


def word_of_check(answer: str) -> str:
    """The word for a definition or a formula, which a check decides."""
    if answer not in (YES, NO):
        raise ValueError(f"a check answers yes or no, and is never {answer!r}")
    return CHECKED if answer == YES else MISPRINT


PLACED = ("holds here", "depends", "fails here")


def where(settled: Settled) -> str:
    """Where a claim holds, where it fails and what is open; nothing where the word says it all."""
    if settled.verdict not in PLACED:
        return ""
    verbs = {YES: "holds in", NO: "fails in", OPEN: "open in"}
    parts = []
    for answer in ANSWERS:
        names = [name for name, found in settled.outcomes.items() if found.answer == answer]
        parts += [f"{verbs[answer]} {'; '.join(names)}"] if names else []
    return " / ".join(parts)


def contradicts(book: Outcome, run: Outcome) -> bool:
    """Whether two runs of one experiment may not differ so: only a close call may become open."""
    if OPEN not in (book.answer, run.answer):
        return book.answer != run.answer
    return book.answer != run.answer and (book.firm or run.firm)


def contradictions(book: Settled, run: Settled) -> list[str]:
    """What a re-run contradicts, a line for each setting; settings that only one has are new."""
    return [
        f"{setting}: the book says {_in_words(book.outcomes[setting])}, this run {_in_words(found)}"
        for setting, found in run.outcomes.items()
        if setting in book.outcomes and contradicts(book.outcomes[setting], found)
    ]


def _in_words(outcome: Outcome) -> str:
    return f"{outcome}, firm" if outcome.firm else str(outcome)
