"""From a measurement to a verdict, once per claim and kernel, and held to what the book says.

Introduced in the chapter "The nitty-gritty". A re-run on another processor or with other seeds must
not contradict the book: yes against no, or a firm outcome against an open one. Which of these
variables is set decides what becomes of the book's word:

COURSE_WRITES_THE_BOOK=1  the book is being written: its word is this one, and no other is shown
COURSE_HOLDS_TO_THE_BOOK=1  a contradiction is an error, after the card was displayed
neither  the card shows both words
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from utils.claims import card, listing
from utils.claims.entries import SOURCES, Claim, load
from utils.claims.plans import frozen
from utils.claims.rules import (
    BY_READING,
    CHECK,
    NO,
    OPEN,
    YES,
    Outcome,
    Settled,
    contradictions,
    word,
    word_of_check,
)
from utils.claims.stored import book_says

if TYPE_CHECKING:
    from pathlib import Path

    from utils.stats import Evidence

REFERENCES = SOURCES.with_name("references.bib")
ANSWER = {True: YES, False: NO, None: OPEN}


class ContradictionError(ValueError):
    """A re-run turned what the book says of a claim."""


@dataclass(frozen=True)
class _Cell:
    """Which cell is running, and which run of it this is; both empty outside a notebook."""

    key: str
    run: str


_settled: dict[str, tuple[_Cell, Settled]] = {}


def settle(claim_id: str, evidence: Evidence | Mapping[str, Evidence]) -> None:
    """Turn a measurement into the verdict on a claim, and display it as a card.

    evidence: of an experiment, one for each setting of the plan, by its name; of a check, just one.
    """
    claim = _known(claim_id)
    if claim.settle_by == "reading":
        raise ValueError(
            f"{claim_id} is settled by reading, not by a run; use by_reading with its sources"
        )
    given = _by_setting(claim, evidence)
    if problem := frozen(claim):
        raise ValueError(problem)
    numbers = {setting: _numbers(found, setting) for setting, found in given.items()}
    outcomes = {
        setting: Outcome(ANSWER[found.outcome], found.firm) for setting, found in given.items()
    }
    answers = [outcome.answer for outcome in outcomes.values()]
    earned = word_of_check(answers[0]) if claim.settle_by == "check" else word(answers)
    samples = {setting: found.samples for setting, found in given.items() if found.samples}
    p_values = {setting: given[setting].p for setting in samples if given[setting].p > 0}
    anchor = f"claim-{claim_id}"
    _record(claim, Settled(claim_id, earned, outcomes, numbers, anchor, p_values, samples))


def by_reading(claim_id: str, finding: str, sources: Iterable[str]) -> None:
    """Settle a claim that no run can decide by what the literature says, in one sentence.

    sources: one or more keys of references.bib.
    """
    claim = _known(claim_id)
    if claim.settle_by != "reading":
        raise ValueError(
            f"{claim_id} is settled by {claim.settle_by}; measure it and use settle. "
            "Only what no run can decide is settled by reading"
        )
    if not isinstance(finding, str) or not finding.strip():
        raise ValueError(f"{claim_id}: finding is {finding!r}; expected what the sources say")
    keys = [sources] if isinstance(sources, str) else list(sources)
    if not keys:
        raise ValueError(f"{claim_id}: no sources; name at least one key of {REFERENCES.name}")
    known = _reference_keys(REFERENCES)
    for key in keys:
        if key not in known:
            raise LookupError(f"no source {key!r} in {REFERENCES.name}{_near(key, known)}")
    text = f"{' '.join(finding.split())} [{', '.join(keys)}]"
    _record(claim, Settled(claim_id, BY_READING, {}, {"": text}, f"claim-{claim_id}"))


def table(chapter: str) -> None:
    """Display a chapter's claims and the verdicts of this kernel; what is open says "not yet"."""
    chapters = load().chapters
    if chapter not in chapters:
        raise LookupError(f"no chapter {chapter!r} in the ledger{_near(chapter, chapters)}")
    own = [claim for claim in load().claims.values() if claim.chapter == chapter]
    rows = [(c, _settled[c.id][1] if c.id in _settled else None) for c in own]
    _display(listing.table_text(rows), listing.table_html(rows))


def reset() -> None:
    """Forget what this kernel has settled, so that every claim may be settled anew."""
    _settled.clear()


def _known(claim_id: str) -> Claim:
    claims = load().claims
    if claim_id not in claims:
        raise LookupError(f"no claim {claim_id!r} in the ledger{_near(str(claim_id), claims)}")
    return claims[claim_id]


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else "; nothing there is spelled like it"


def _by_setting(claim: Claim, evidence: object) -> dict[str, Evidence]:
    """The evidence by setting, exactly those of the plan."""
    if claim.settle_by == "check":
        if isinstance(evidence, Mapping):
            raise TypeError(
                f"{claim.id} is settled by a check, which has no settings; pass its Evidence alone"
            )
        return {CHECK: _evidence(evidence, "evidence")}
    where = f"sources/{claim.chapter}/claims.yml"
    if not claim.settings:
        raise ValueError(
            f"{claim.id}: its plan names no settings; list those in which it is measured under "
            f"`settings:` in {where}"
        )
    planned = ", ".join(map(repr, claim.settings))
    if not isinstance(evidence, Mapping):
        _evidence(evidence, "evidence")
        raise TypeError(
            f"{claim.id} is settled by an experiment in {planned}; pass one Evidence for each, as "
            "{setting: evidence}"
        )
    missing = [name for name in claim.settings if name not in evidence]
    unknown = [str(name) for name in evidence if name not in claim.settings]
    if missing or unknown:
        faults = [f"{name!r} is missing" for name in missing]
        faults += [f"{name!r} is not in the plan" for name in unknown]
        raise ValueError(
            f"{claim.id}: {', '.join(faults)}; the plan measures it in {planned}. Settle it in "
            f"these, or change `settings` in {where} with an entry under `changes`"
        )
    return {name: _evidence(evidence[name], name) for name in claim.settings}


def _evidence(found: object, name: str) -> Evidence:
    from utils.stats import Evidence as Expected  # not above: the book is built without SciPy

    if not isinstance(found, Expected):
        raise TypeError(
            f"{name} is {type(found).__name__}, expected the Evidence that a comparison "
            "returns: paired_win, median_above, share_above, check… of utils.stats"
        )
    return found


def _numbers(evidence: Evidence, name: str) -> str:
    numbers = _plain(" ".join(evidence.numbers.split()))
    if not numbers:
        raise ValueError(f"{name} has no numbers; a verdict shows what it was computed from")
    if re.search(r"(?<![\w-])[-+]?(nan|inf)(?![\w-])", numbers):
        raise ValueError(
            f"{name} holds NaN or an infinite number: {numbers!r}; say what a run that diverged "
            "scores, with runs.final(key, diverged=...)"
        )
    return numbers


def _plain(numbers: str) -> str:
    """Numbers as a reader writes them: no True, no 0e+00."""
    for pattern, said in ((r"\bTrue\b", "yes"), (r"\bFalse\b", "no")):
        numbers = re.sub(pattern, said, numbers)
    return re.sub(r"(?<![\w.])[-+]?0(?:\.0+)?e[-+]00\b", "0", numbers)


def _reference_keys(path: Path) -> list[str]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; sources are keys of that file")
    return re.findall(r"^\s*@\w+\{\s*([^,\s]+)\s*,", path.read_text(encoding="utf-8"), re.MULTILINE)


def _record(claim: Claim, settled: Settled) -> None:
    cell = _running_cell()
    if claim.id in _settled:
        earlier, before = _settled[claim.id]
        if not cell.key or earlier.key != cell.key or earlier.run == cell.run:
            raise ValueError(
                f"{claim.id} is already settled in this kernel ({before.verdict}); a claim is "
                "settled once, in one cell. To start over: claims.reset()"
            )
    _settled[claim.id] = (cell, settled)
    book = _book(claim)
    _display(card.text(settled, book), card.card(claim, settled, book))
    if book and os.environ.get("COURSE_HOLDS_TO_THE_BOOK") == "1":
        against = contradictions(book, settled)
        if against:
            raise ContradictionError(
                f"{claim.id} contradicts the book. {'; '.join(against)}. If the experiment was "
                f"changed on purpose: make notebooks CH={claim.chapter}"
            )


def _book(claim: Claim) -> Settled | None:
    if claim.settle_by == "reading" or os.environ.get("COURSE_WRITES_THE_BOOK"):
        return None
    return book_says(claim.chapter).get(claim.id)


def _running_cell() -> _Cell:
    shell = _shell()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    if not parent:
        return _Cell("", "")
    code = str(parent.get("content", {}).get("code", ""))
    digest = hashlib.sha256(code.encode()).hexdigest()
    metadata = parent.get("metadata", {})
    cell = metadata.get("cellId") or metadata.get("colab", {}).get("cell_id") or digest
    return _Cell(str(cell), str(parent.get("header", {}).get("msg_id", "")))


def _display(text: str, page: str) -> None:
    if _shell() is None:
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, "text/html": page}, raw=True)


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()
