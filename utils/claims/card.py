"""How a verdict looks: a text that is read back, and an HTML card that says the same to a reader.

    claim-id: holds here
      moons: yes | the numbers behind it
      digits: yes, close call | the numbers behind it
      the book: holds

The last line stands there only where the book has stored a verdict and is not being written. A
claim settled by reading has `finding: …` instead of settings. The card also carries, as data, the
p-value of each setting and its samples, one number per seed: from these the book draws it anew.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from utils import palette
from utils.claims.entries import Change, Claim
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
    where,
)
from utils.samples import DIGITS, SEED, Sample, decisive, sentence, shortened
from utils.strip import strip
from utils.typeset import as_html

SETTLED_BY = {
    "experiment": "by an experiment",
    "check": "by a check",
    "reading": "by reading",
}
OUTCOMES = {YES: True, NO: False, OPEN: None}
SAYS = {True: ("says yes", "say yes"), False: ("says no", "say no"), None: ("is open", "are open")}
"""What one comparison, and what several, say."""
NEXT = {True: "a no", False: "a yes", None: "an answer"}
"""Of several that say the same, the one nearest to this is shown; of open ones, the farthest."""
Row = tuple[str, str]
"""A term and what is said of it, as HTML."""


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


def card(
    claim: Claim,
    settled: Settled,
    book: Settled | None = None,
    *,
    entry: str = "",
    more: Iterable[Row] = (),
    finding: Callable[[str], str] = as_html,
    permalink: str = "",
) -> str:
    """The verdict as HTML, readable without style sheets.

    entry: where the ledger tells all of it; the card then only counts the changes of its plan, and
    carries no data. more: further rows for its fold. finding: how the sources of a reading are set.
    permalink: HTML.
    """
    word = settled.verdict
    color = f"var(--verdict,{palette.VERDICTS[word]})"
    measured = "" if entry else measured_data(settled)
    data = f" data-measured='{measured}'" if measured else ""
    rows = [*(details(claim, settled, entry) if settled.outcomes else ()), *more]
    return (
        f'<div class="verdict verdict-{word.replace(" ", "-")}" id="{settled.anchor}"{data} '
        f'style="border-left:4px solid {color};margin:1em 0;padding:.1em 0 .1em .9em">'
        f'<p class="verdict-head" style="margin:.2em 0">{_words(settled, book, color)}{permalink}'
        f'</p><p class="verdict-says" style="margin:.3em 0">{as_html(claim.says)}</p>'
        f"{body(claim, settled, finding)}{fold(rows) if rows else ''}</div>"
    )


def _words(settled: Settled, book: Settled | None, color: str) -> str:
    """The word as a chip; where the book has one as well, both, and what this run contradicts."""
    said = chip(settled.verdict, f"border:1.5px solid {color};border-radius:1em;padding:0 .6em")
    if book is None:
        return said
    against = "; ".join(map(html.escape, contradictions(book, settled)))
    said = f"the book: <strong>{book.verdict}</strong>; this run: {said}"
    return f"{said} (against the book in {against})" if against else said


def chip(word: str, style: str = "") -> str:
    """A verdict's shape and word."""
    styled = f' style="{style}"' if style else ""
    return (
        f'<strong class="verdict-chip"{styled}><span aria-hidden="true">{SHAPES[word]}</span> '
        f"{word}</strong>"
    )


def body(claim: Claim, settled: Settled, finding: Callable[[str], str] = as_html) -> str:
    """What was found: where the claim holds, then each setting with its strip."""
    if settled.verdict == BY_READING:
        return f'<p class="finding" style="margin:.3em 0">{finding(settled.numbers[""])}</p>'
    if settled.verdict in (CHECKED, MISPRINT):
        return f'<p class="measured" style="margin:.3em 0">{as_html(settled.numbers[CHECK])}</p>'
    place = where(settled) if len(settled.outcomes) > 1 else ""
    lines = html.escape(place).replace(" / ", " <br/>")
    said = f'<p class="verdict-where" style="margin:.3em 0">{lines}</p>'
    items = "".join(_setting(claim, settled, name) for name in settled.outcomes)
    return f'{said if place else ""}<ul class="verdict-settings">{items}</ul>'


def _setting(claim: Claim, settled: Settled, setting: str) -> str:
    outcome, samples = settled.outcomes[setting], settled.samples.get(setting, ())
    answer = OUTCOMES[outcome.answer]
    if samples:
        shown = decisive(samples, answer)
        told, drawn = as_html(sentence(shown, claim.measure)), strip(shown)
    else:
        told, drawn = as_html(settled.numbers[setting]), ""
    said = f"{html.escape(setting)}: {outcome}"
    said = f'<strong class="setting" style="display:block">{said}</strong>'
    return (
        f'<li><span class="told">{said} <span class="measured">{told}{_among(samples, answer)}'
        f"</span></span> {drawn}</li>"
    )


def _among(samples: tuple[Sample, ...], answer: bool | None) -> str:
    """Which of several comparisons in one setting the strip shows, and what the others say."""
    if len(samples) < 2:
        return ""
    same = sum(sample.answer is answer for sample in samples)
    one, several = SAYS[answer]
    end = "nearer to" if same == 2 else "nearest to"
    if answer is None:
        end = "farther from" if same == 2 else "farthest from"
    shown = f"this one is {end} {NEXT[answer]}"
    if same == len(samples):
        said = f": {'both' if same == 2 else 'all'} {several}, {shown}"
    elif same > 1:
        said = f": {same} {several}, of these {shown}"
    else:
        said = f": this one alone {one}" if same else ""
    others = "the other is" if len(samples) == 2 else "the others are"
    told = f"one of {len(samples)} comparisons{said}; {others} in the fold"
    return f' <span class="among">({told})</span>'


def details(claim: Claim, settled: Settled | None, entry: str = "") -> Iterator[Row]:
    """Numbers, expectation, plan and its changes, for a fold.

    entry: where the changes are told, if not here.
    """
    if settled is not None:
        for setting in settled.outcomes:
            label = f"Numbers: {html.escape(setting)}" if claim.settings else "Numbers"
            strips = _all(settled.samples.get(setting, ()), claim.measure)
            yield label, as_html(shortened(settled.numbers[setting])) + strips
    yield "We expected", f"{claim.expect.replace('-', ' ')}. {as_html(claim.why)}"
    yield "The plan", f"{SETTLED_BY[claim.settle_by]}. {as_html(claim.plan)}"
    if claim.settings:
        yield "Its settings", html.escape("; ".join(claim.settings))
    if claim.changes:
        yield "Its changes", _changes(claim.changes, entry)


def _all(samples: tuple[Sample, ...], measure: str) -> str:
    """The strips of several comparisons in one setting, each with its sentence."""
    if len(samples) < 2:
        return ""
    told = ((as_html(sentence(sample, measure)), strip(sample)) for sample in samples)
    items = "".join(f"<li>{said} {drawn}</li>" for said, drawn in told)
    return f'<ul class="verdict-comparisons">{items}</ul>'


def _changes(changes: Sequence[Change], entry: str) -> str:
    """All changes of a plan, the first one first, behind a line that counts them."""
    count = f"{len(changes)}, the last on {changes[-1].date:%Y-%m-%d}"
    if entry:
        return f'{count} (<a href="{html.escape(entry)}">what and why</a>)'
    items = "".join(
        f"<li>Until {change.date:%Y-%m-%d} it said: {as_html(change.was)} "
        f"<em>Changed because:</em> {as_html(change.reason)}</li>"
        for change in changes
    )
    return f'<details class="verdict-changes"><summary>{count}</summary><ol>{items}</ol></details>'


def fold(rows: Iterable[Row]) -> str:
    """Rows behind one line."""
    shown = "".join(f"<dt>{term}</dt><dd>{said}</dd>" for term, said in rows)
    return (
        '<details class="verdict-fold"><summary>Plan, numbers, literature</summary>'
        f"<dl>{shown}</dl></details>"
    )


def measured_data(settled: Settled) -> str:
    """p and samples of each setting, as JSON that may stand between single quotes."""
    data: dict[str, Any] = {}
    for setting, samples in settled.samples.items():
        p = settled.p_values.get(setting)
        data[setting] = {
            "p": None if p is None else _rounded(p),
            "samples": [_sample(sample) for sample in samples],
        }
    if not data:
        return ""
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return html.escape(packed, quote=False).replace("'", "&#x27;")


def _sample(sample: Sample) -> dict[str, Any]:
    each = {} if sample.each == SEED else {"each": sample.each}
    return {
        "name": sample.name,
        "unit": sample.unit,
        **each,
        "side": sample.side,
        "threshold": _rounded(sample.threshold),
        "interval": [_rounded(sample.low), _rounded(sample.high)],
        "values": [_rounded(value) for value in sample.values],
    }


def _rounded(value: float) -> float | int:
    short = float(f"{value:.{DIGITS}g}")
    return int(short) if short.is_integer() and abs(short) < 1e6 else short
