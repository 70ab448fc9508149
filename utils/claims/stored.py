"""Verdicts as notebooks store them: read back, and as what the book says of a claim."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from utils.claims.entries import SOURCES, load
from utils.claims.rules import (
    BY_READING,
    CHECKED,
    MISPRINT,
    SHAPES,
    Outcome,
    Settled,
    word,
    word_of_check,
)
from utils.samples import SEED, Sample

CHAPTERS = SOURCES.with_name("chapters")
LINE = re.compile(
    r"  (?P<setting>[^|]+): (?P<answer>yes|no|open)(?P<close>, close call)? \| (?P<numbers>.+)"
)
FINDING = re.compile(r"  finding: (.+)")
BESIDE = re.compile(r"  (?:the book: |against the book in )[^|]+")


def verdicts(notebook: Path | str) -> list[Settled]:
    """The verdicts that a notebook has stored in its outputs, in the order of its cells."""
    path = Path(notebook)
    known = load().claims
    found: dict[str, Settled] = {}
    for settled in _all_stored(path):
        if settled.id not in known:
            raise ValueError(f"{path.name}: {settled.id} is not in the ledger")
        if settled.id in found:
            raise ValueError(f"{path.name}: {settled.id} is settled twice; once is enough")
        found[settled.id] = settled
    return list(found.values())


def book_says(chapter: str) -> Mapping[str, Settled]:
    """The book's verdicts on a chapter's claims; none where its notebook is missing or older."""
    return _book(CHAPTERS / f"{chapter}.ipynb")


@functools.cache
def _book(path: Path) -> dict[str, Settled]:
    try:
        return {settled.id: settled for settled in _all_stored(path)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # older, or no notebook
        return {}


def _all_stored(path: Path) -> list[Settled]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    data = [out.get("data", {}) for cell in cells for out in cell.get("outputs", ())]
    return [s for s in (_stored(each, path) for each in data) if s is not None]


def is_card(page: str) -> bool:
    """Whether an output's HTML is the card of a verdict."""
    return page.startswith('<div class="verdict ')


def _stored(data: Mapping[str, Any], path: Path) -> Settled | None:
    card = "".join(data.get("text/html", ""))
    if not is_card(card):
        return None
    text = "".join(data.get("text/plain", ""))
    try:
        return parsed(text, card)
    except ValueError as error:
        raise ValueError(
            f"{path.name}: {error}; write it anew: make notebooks CH={path.stem}"
        ) from error


def parsed(text: str, card: str) -> Settled:
    """The verdict that a card and its text tell; a ValueError where they are of another form."""
    first, *lines = text.split("\n")
    head = re.fullmatch(r"([a-z0-9-]+): (.+)", first)
    lines = [line for line in lines if not BESIDE.fullmatch(line)]
    if head is None or not lines:
        raise ValueError(f"a verdict card of an old form: {text!r}")
    claim_id, verdict = head.groups()
    if verdict not in SHAPES:
        raise ValueError(f"unknown verdict {verdict!r} on {claim_id}")
    anchor = f"claim-{claim_id}"
    finding = FINDING.fullmatch(lines[0])
    if verdict == BY_READING and finding and len(lines) == 1:
        return Settled(claim_id, verdict, {}, {"": finding[1]}, anchor)
    matches = [LINE.fullmatch(line) for line in lines]
    if None in matches:
        raise ValueError(f"a verdict card of an old form: {text!r}")
    found = {match["setting"]: match for match in matches if match}
    outcomes = {
        setting: Outcome(match["answer"], match["answer"] != "open" and not match["close"])
        for setting, match in found.items()
    }
    answers = [outcome.answer for outcome in outcomes.values()]
    checked = verdict in (CHECKED, MISPRINT)
    earned = word_of_check(answers[0]) if checked else word(answers)
    if earned != verdict:
        raise ValueError(f"{claim_id} says {verdict!r}, and its settings say {earned!r}")
    numbers = {setting: match["numbers"] for setting, match in found.items()}
    p_values, samples = measured(card)
    return Settled(claim_id, verdict, outcomes, numbers, anchor, p_values, samples)


def measured(card: str) -> tuple[dict[str, float], dict[str, tuple[Sample, ...]]]:
    """What a card carries of each measured setting: p-values and samples."""
    match = re.search(r"data-measured='([^']*)'", card)
    data = json.loads(html.unescape(match[1])) if match else {}
    p_values = {name: each["p"] for name, each in data.items() if each["p"] is not None}
    samples = {name: tuple(map(_sample, each["samples"])) for name, each in data.items()}
    return p_values, samples


def _sample(data: Mapping[str, Any]) -> Sample:
    low, high = data["interval"]
    return Sample(
        name=data["name"],
        values=tuple(data["values"]),
        threshold=data["threshold"],
        side=data["side"],
        low=low,
        high=high,
        unit=data["unit"],
        each=data.get("each", SEED),
    )
