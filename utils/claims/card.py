"""How a verdict looks: a text that is read back, and a small HTML card that says the same.

    claim-id: holds here
      moons: yes | the numbers behind it
      digits: yes, close call | the numbers behind it
      the book: holds

The last line stands there only where the book has stored a verdict and is not being written. A
claim settled by reading has `finding: …` instead of settings. The card also carries, as data, the
p-value of each setting and its samples, one number per seed.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from utils import palette
from utils.claims.entries import Claim
from utils.claims.rules import (
    BY_READING,
    CHECK,
    CHECKED,
    MISPRINT,
    NO,
    OPEN,
    SHAPES,
    YES,
    Settled,
    contradictions,
)

if TYPE_CHECKING:
    from utils.stats import Evidence, Sample

NOT_YET = "not yet"
DIGITS = 4


def text(settled: Settled, book: Settled | None) -> str:
    """The verdict as text: a line for the word, and one for each setting."""
    lines = [f"{settled.id}: {settled.verdict}"]
    if settled.verdict == BY_READING:
        lines += [f"  finding: {settled.numbers['']}"]
    lines += [
        f"  {setting}: {outcome} | {settled.numbers[setting]}"
        for setting, outcome in settled.outcomes.items()
    ]
    if book is not None:
        lines += [f"  the book: {book.verdict}"]
        lines += [f"  against the book in {line}" for line in contradictions(book, settled)]
    return "\n".join(lines)


def card(claim: Claim, settled: Settled, measured: str, book: Settled | None) -> str:
    """The verdict as HTML, readable without style sheets."""
    word = settled.verdict
    said = f'<strong><span aria-hidden="true">{SHAPES[word]}</span> {word}</strong>'
    if book is not None:
        said = f"the book: <strong>{book.verdict}</strong>; this run: {said}"
        against = [html.escape(line) for line in contradictions(book, settled)]
        said += f" (against the book in {'; '.join(against)})" if against else ""
    if word == BY_READING:
        body = f'<div class="finding">{html.escape(settled.numbers[""])}</div>'
    elif word in (CHECKED, MISPRINT):
        body = f'<div class="measured">{as_html(settled.numbers[CHECK])}</div>'
    else:
        body = f"<ul>{''.join(_setting(settled, name) for name in settled.outcomes)}</ul>"
    scope = where(settled)
    scope = f'<div class="verdict-where">{html.escape(scope)}</div>' if scope else ""
    data = f" data-measured='{measured}'" if measured else ""
    style = "margin:.5em 0;padding:.1em 0 .1em .8em"
    return (
        f'<div class="verdict verdict-{word.replace(" ", "-")}" id="{settled.anchor}" '
        f'style="border-left:4px solid {palette.VERDICTS[word]};{style}"{data}>'
        f'<div class="verdict-says">{said} · {html.escape(claim.says)}</div>{scope}{body}</div>'
    )


def as_html(numbers: str) -> str:
    """Numbers as HTML, with powers raised."""
    return re.sub(r"(?<=\d)\^(-?\d+(?:\.\d+)?)", r"<sup>\1</sup>", html.escape(numbers))


def _setting(settled: Settled, setting: str) -> str:
    outcome, numbers = settled.outcomes[setting], settled.numbers[setting]
    return (
        f'<li><span class="setting">{html.escape(setting)}: {outcome}</span> '
        f'<span class="measured">{as_html(numbers)}</span></li>'
    )


def where(settled: Settled) -> str:
    """Where a claim holds, where it fails and what is open; nothing where the word says it all."""
    if settled.verdict not in ("holds here", "depends", "fails here"):
        return ""
    verbs = {YES: "holds in", NO: "fails in", OPEN: "open in"}
    parts = []
    for answer, verb in verbs.items():
        names = [name for name, found in settled.outcomes.items() if found.answer == answer]
        parts += [f"{verb} {'; '.join(names)}"] if names else []
    return " / ".join(parts)


def measured_data(evidence: Mapping[str, Evidence]) -> str:
    """p and samples of each setting, as JSON that may stand between single quotes."""
    data: dict[str, Any] = {
        setting: {
            "p": _rounded(found.p) if found.samples and found.p > 0 else None,
            "samples": [_sample(sample) for sample in found.samples],
        }
        for setting, found in evidence.items()
        if found.samples
    }
    if not data:
        return ""
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return html.escape(packed, quote=False).replace("'", "&#x27;")


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "name": sample.name,
        "unit": sample.unit,
        "side": sample.side,
        "threshold": _rounded(sample.threshold),
        "interval": [_rounded(sample.low), _rounded(sample.high)],
        "values": [_rounded(value) for value in sample.values],
    }


def _rounded(value: float) -> float | int:
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e6 else short


def table_text(rows: Iterable[tuple[Claim, Settled | None]]) -> str:
    """A chapter's claims with word and place, a line each."""
    lines = []
    for claim, settled in rows:
        word = settled.verdict if settled else NOT_YET
        place = where(settled) if settled else ""
        lines.append(" | ".join([claim.id, word, *([place] if place else [])]))
    return "\n".join(lines)


def table_html(rows: Sequence[tuple[Claim, Settled | None]]) -> str:
    """The same as a table."""
    left = ' style="text-align:left"'
    body = []
    for claim, settled in rows:
        word = settled.verdict if settled else NOT_YET
        place = html.escape(where(settled)) if settled else ""
        body.append(
            f'<tr data-claim="{claim.id}"><td{left}>{html.escape(claim.says)}</td>'
            f'<td style="text-align:left;white-space:nowrap">{SHAPES.get(word, "·")} {word}</td>'
            f"<td{left}>{place}</td></tr>"
        )
    head = "".join(f'<th scope="col"{left}>{title}</th>' for title in ("Claim", "Verdict", "Where"))
    return (
        f'<table class="verdicts"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )
