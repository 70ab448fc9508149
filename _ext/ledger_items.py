"""Each claim of the ledger as a line that opens; the cards and tables of the book's chapters."""

import functools
import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ledger_html import STATUSES, Entry, style_name

from utils.claims import Claim, Ledger, Settled
from utils.claims.card import OUTCOMES, Row, body, card, details
from utils.claims.correction import timings
from utils.claims.listing import NOT_YET
from utils.claims.rules import CHECKED, MISPRINT
from utils.samples import decisive
from utils.strip import strip
from utils.typeset import as_html


@dataclass(frozen=True)
class Source:
    """A paper as the text names it, and its address."""

    label: str
    href: str


@dataclass(frozen=True)
class Context:
    """What the entries of the ledger refer to: other claims, papers, and the book as a whole.

    titles: of the chapters, by slug. href: the address of a claim on the ledger page.
    """

    ledger: Ledger
    sources: Mapping[str, Source]
    stands: Mapping[str, bool]
    titles: Mapping[str, str]
    href: Callable[[str], str]


def claim_list(entries: Iterable[Entry], context: Context, fold: bool = False) -> str:
    """Claims as a list, a line each that opens in place; what no chapter has tested, folded.

    fold: the settled ones, all of them checks, have a fold of their own. It is open, for readers
    without scripts; ledger.js closes it, but not on paper.
    """
    lines = [(entry, _line(entry, context)) for entry in entries]
    settled = [(entry, line) for entry, line in lines if entry.settled is not None]
    waiting = [line for entry, line in lines if entry.settled is None]
    shown = _list(line for _, line in settled) if settled else ""
    if settled and fold:
        counts = Counter(entry.status for entry, _ in settled)
        found = [(status, counts[status]) for status in (CHECKED, MISPRINT) if counts[status]]
        told = ", ".join(f"{count} {_several(status, count)}" for status, count in found)
        shown = (
            f'<details class="ledger-fold ledger-settled" open><summary>{told}</summary>'
            f"{shown}</details>"
        )
    if not waiting:
        return shown
    count = f"{len(waiting)} {_several('claim', len(waiting))}"
    return (
        f'{shown}<details class="ledger-fold ledger-waiting"><summary>{count} not tested yet'
        f"</summary>{_list(waiting)}</details>"
    )


def _list(lines: Iterable[str]) -> str:
    return f'<ol class="ledger-claims">{"".join(lines)}</ol>'


def _several(noun: str, count: int) -> str:
    return f"{noun}s" if count > 1 and noun != CHECKED else noun


def _line(entry: Entry, context: Context) -> str:
    claim = entry.claim
    word = f'<span aria-hidden="true">{STATUSES[entry.status]}</span> {entry.status}'
    return (
        f"<li {_attributes(entry)}><details><summary>"
        f'<span class="ledger-word">{word}</span> '
        f'<span class="ledger-says">{as_html(claim.says)}</span> {_first_strip(entry)}</summary>'
        f'<div class="ledger-entry">{_opened(entry, context)}</div></details>'
        f'<a class="ledger-anchor" href="#claim-{claim.id}" '
        f'aria-label="Link to this claim">#</a></li>'
    )


def _attributes(entry: Entry) -> str:
    claim, name = entry.claim, style_name(entry.status)
    data = {
        "chapter": claim.chapter,
        "verdict": name,
        "expect": claim.expect,
        "kind": claim.kind,
        "by": claim.settle_by,
        "marks": " ".join(entry.marks),
    }
    return f'class="ledger-claim ledger-{name}" id="claim-{claim.id}"' + "".join(
        f' data-{key}="{value}"' for key, value in data.items()
    )


def _first_strip(entry: Entry) -> str:
    """The strip of the first measured setting, small."""
    if entry.settled is None or not entry.settled.samples:
        return ""
    setting, samples = next(iter(entry.settled.samples.items()))
    answer = OUTCOMES[entry.settled.outcomes[setting].answer]
    return strip(decisive(samples, answer), tiny=True)


def _opened(entry: Entry, context: Context) -> str:
    """What a line shows when it is open: the settings as on the card, then all the rest."""
    claim, settled = entry.claim, entry.settled
    title = html.escape(context.titles[claim.chapter])
    place = f'<p class="ledger-place">In {title}.</p>'
    if settled is not None:
        link = f'<a href="{html.escape(entry.href)}">{title}</a>'
        finding = functools.partial(with_sources, sources=context.sources)
        place = f'<p class="ledger-place">Settled in {link}.</p>{body(claim, settled, finding)}'
    rows = [*details(claim, settled), *book_rows(claim, settled, context)]
    return f"{place}<dl>{''.join(f'<dt>{term}</dt><dd>{said}</dd>' for term, said in rows)}</dl>"


def book_rows(claim: Claim, settled: Settled | None, context: Context) -> Iterator[Row]:
    """What the book as a whole adds to a claim; the shared runs are a plan, until it is settled."""
    timed = timings(settled) if settled else set()
    if claim.id in context.stands:
        apart = "apart from its timing, " if timed else ""
        yield "Over the whole book", apart + _HOLM[context.stands[claim.id]]
    elif timed:
        yield "Over the whole book", "a timing, and no part of Holm’s correction"
    if settled is None and claim.settle_by != "reading":
        yield "Planned with", html.escape(context.ledger.runs[claim.run])
    yield "In the notes", f"{claim.kind}, {_places(claim)}"
    if claim.conflicts:
        others = (context.ledger.claims[other] for other in claim.conflicts)
        links = (f'<a href="{context.href(o.id)}">{as_html(o.says)}</a>' for o in others)
        yield "The notes disagree", "; ".join(links)


_CORRECTION = (
    "Holm’s correction for all that was measured over seeds (of so many questions, chance alone "
    "would answer a few)"
)
_HOLM = {
    True: f"this verdict survives {_CORRECTION}",
    False: f"this verdict does not survive {_CORRECTION}",
}


def _places(claim: Claim) -> str:
    """`A:3, A:5, B:7` as `A lines 3, 5; B line 7`."""
    lines: dict[str, list[str]] = {}
    for place in claim.places:
        note, line = place.split(":")
        lines.setdefault(note, []).append(line)
    return "; ".join(
        f"note {note} {'line' if len(numbers) == 1 else 'lines'} {', '.join(numbers)}"
        for note, numbers in lines.items()
    )


def with_sources(finding: str, sources: Mapping[str, Source]) -> str:
    """Escape a finding and turn the keys in its closing bracket into links to the papers."""
    match = re.fullmatch(r"(.*) \[([^\[\]]+)\]", finding)
    if match is None:
        return as_html(finding)
    return f"{as_html(match[1])} ({'; '.join(_named(match[2].split(', '), sources))})"


def _named(keys: Iterable[str], sources: Mapping[str, Source]) -> Iterable[str]:
    for key in keys:
        paper = sources.get(key)
        if paper is None:
            yield html.escape(key)
        elif paper.href:
            yield f'<a href="{html.escape(paper.href)}">{html.escape(paper.label)}</a>'
        else:
            yield html.escape(paper.label)


def book_card(settled: Settled, context: Context) -> str:
    """A verdict's card as the book shows it, drawn anew from what the notebook stores."""
    claim = context.ledger.claims[settled.id]
    entry = context.href(claim.id)
    link = f'<a href="{html.escape(entry)}">its entry</a>'
    return card(
        claim,
        settled,
        entry=entry,
        more=[*book_rows(claim, settled, context), ("In the ledger", link)],
        finding=functools.partial(with_sources, sources=context.sources),
        permalink=(
            f' <a class="verdict-anchor" href="#{settled.anchor}" '
            'aria-label="Link to this verdict">#</a>'
        ),
    )


def linked_table(table: str, ledger_href: Callable[[str], str]) -> str:
    """A chapter's table: what is settled leads to its card here, what is open to the ledger."""

    def link(match: re.Match[str]) -> str:
        open_, claim_id, cell, says, rest = match.groups()
        href = ledger_href(claim_id) if NOT_YET in rest else f"#claim-{claim_id}"
        return f'{open_}{cell}<a href="{html.escape(href)}">{says}</a></td>{rest}'

    return re.sub(
        r'(<tr data-claim="([a-z0-9-]+)">)(<td[^>]*>)(.*?)</td>(.*?</tr>)',
        link,
        table,
        flags=re.DOTALL,
    )
