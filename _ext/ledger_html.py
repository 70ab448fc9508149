"""The ledger as HTML: entries, bars and links. Pure functions, so that `ledger` stays small.

Everything is readable without scripts and style sheets: lists, details, words beside colors.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from utils.claims import EXPECTATIONS, KINDS, SHAPES, Claim, Ledger, Settled

NOT_YET = "not yet"
STATUSES = {**SHAPES, NOT_YET: "·"}
SETTLED_BY = {
    "experiment": "by an experiment",
    "check": "by a check",
    "reading": "by reading",
}
MEANINGS = {
    "holds": "the measurement supports the claim",
    "holds here": "under the stated conditions; the chapter names others where it does not",
    "does not hold": "the measurement speaks against the claim",
    "undecided": "the interval allows both",
    "by reading": "no run can decide; the sources are named",
    NOT_YET: "no chapter has tested it yet",
}


@dataclass(frozen=True)
class Entry:
    """A claim with its verdict, if a chapter has settled it, and the address of the cell."""

    claim: Claim
    settled: Settled | None = None
    href: str = ""

    @property
    def status(self) -> str:
        """The verdict, or that there is none yet."""
        return self.settled.verdict if self.settled else NOT_YET


@dataclass(frozen=True)
class Source:
    """A paper as the text names it, and its address."""

    label: str
    href: str


Sources = Mapping[str, Source]


def words(value: str) -> str:
    """`holds-with-conditions` as a reader reads it."""
    return value.replace("-", " ")


def style_name(status: str) -> str:
    """A verdict as it stands in class names and variables: `does-not-hold`."""
    return status.replace(" ", "-")


def with_sources(finding: str, sources: Sources) -> str:
    """Escape a finding and turn the keys in its closing bracket into links to the papers."""
    match = re.fullmatch(r"(.*) \[([^\[\]]+)\]", finding)
    if match is None:
        return html.escape(finding)
    return f"{html.escape(match[1])} ({'; '.join(_papers(match[2].split(', '), sources))})"


def _papers(keys: Iterable[str], sources: Sources) -> Iterable[str]:
    for key in keys:
        paper = sources.get(key)
        if paper is None:
            yield html.escape(key)
        elif paper.href:
            yield f'<a href="{html.escape(paper.href)}">{html.escape(paper.label)}</a>'
        else:
            yield html.escape(paper.label)


def bar(entries: Iterable[Entry], of: str) -> str:
    """How many claims have which verdict, as a bar whose words a screen reader hears."""
    counts = Counter(entry.status for entry in entries)
    total = counts.total()
    told = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    parts = "".join(
        f'<span class="bar-{style_name(status)}" style="flex-grow:{counts[status]}"></span>'
        for status in STATUSES
        if counts[status]
    )
    label = html.escape(f"{of}: {total} claims, {told}")
    return f'<div class="ledger-bar" role="img" aria-label="{label}">{parts}</div>'


def progress(entries: list[Entry], chapter: str, href: str) -> str:
    """A chapter's bar of progress, the count in words, and the way to the chapter."""
    done = sum(entry.settled is not None for entry in entries)
    link = f' <a href="{href}">Read the chapter</a>' if href else " The chapter is still to come."
    return (
        f'<div class="ledger-progress">{bar(entries, chapter)}'
        f"<p>{done} of {len(entries)} settled.{link}</p></div>"
    )


def tally(entries: list[Entry], ledger_href: str | None) -> str:
    """All verdicts: the bar, then each with its shape, count, meaning and a link to the list."""
    counts = Counter(entry.status for entry in entries)
    items = []
    for status, shape in STATUSES.items():
        name = f'<span aria-hidden="true">{shape}</span> {counts[status]} {status}'
        if ledger_href is not None and counts[status]:
            query = f"{ledger_href}?verdict={style_name(status)}"
            name = f'<a href="{query}">{name}</a>'
        items.append(
            f'<li class="tally-{style_name(status)}">{name}'
            f'<span class="tally-meaning">{MEANINGS[status]}</span></li>'
        )
    return (
        f'<div class="ledger-tally">{bar(entries, "All chapters")}<ul>{"".join(items)}</ul></div>'
    )


def controls(titles: Mapping[str, str]) -> str:
    """The filter form; ledger.js shows it, for without scripts it could do nothing."""
    choices = {
        "chapter": ("Chapter", list(titles.items())),
        "verdict": ("Verdict", [(style_name(status), status) for status in STATUSES]),
        "expect": ("We expected", [(value, words(value)) for value in EXPECTATIONS]),
        "kind": ("Kind", [(value, value) for value in KINDS]),
        "by": ("Settled", list(SETTLED_BY.items())),
    }
    selects = "".join(
        f'<label>{label} <select name="{name}"><option value="">all</option>'
        + "".join(f'<option value="{value}">{html.escape(text)}</option>' for value, text in rest)
        + "</select></label>"
        for name, (label, rest) in choices.items()
    )
    return (
        '<form class="ledger-filter" role="search" aria-label="Filter the claims" hidden>'
        '<label class="ledger-search">Search the claims '
        '<input type="search" name="q" autocomplete="off" spellcheck="false"></label>'
        f'{selects}<button type="reset">Show all</button>'
        '<p class="ledger-count" role="status" aria-live="polite"></p></form>'
    )


def claim_list(entries: Iterable[Entry], ledger: Ledger, sources: Sources) -> str:
    """A chapter's claims as a list."""
    items = "".join(_item(entry, ledger, sources) for entry in entries)
    return f'<ol class="ledger-claims">{items}</ol>'


def _item(entry: Entry, ledger: Ledger, sources: Sources) -> str:
    claim, status = entry.claim, entry.status
    data = {
        "chapter": claim.chapter,
        "verdict": style_name(status),
        "expect": claim.expect,
        "kind": claim.kind,
        "by": claim.settle_by,
    }
    attributes = "".join(f' data-{name}="{value}"' for name, value in data.items())
    return (
        f'<li class="ledger-claim ledger-{style_name(status)}" id="claim-{claim.id}"{attributes}>'
        f'<p class="ledger-says">{html.escape(claim.says)}</p>'
        f'<p class="ledger-verdict">{_verdict(entry, sources)} <a class="ledger-anchor" '
        f'href="#claim-{claim.id}" aria-label="Link to this claim">#</a></p>'
        f"<details><summary>What we expect, and how to find out</summary>"
        f"<dl>{_details(claim, ledger)}</dl></details></li>"
    )


def _verdict(entry: Entry, sources: Sources) -> str:
    shape = f'<span aria-hidden="true">{STATUSES[entry.status]}</span>'
    if entry.settled is None:
        return f"{shape} {NOT_YET}"
    return (
        f'<a href="{html.escape(entry.href)}">{shape} {entry.status}</a> '
        f'<span class="ledger-numbers">{with_sources(entry.settled.numbers, sources)}</span>'
    )


def _details(claim: Claim, ledger: Ledger) -> str:
    rows = {
        "We expect": f"{words(claim.expect)}. {html.escape(claim.why)}",
        "To be settled": f"{SETTLED_BY[claim.settle_by]}. {html.escape(claim.plan)}",
        "In a run of": html.escape(ledger.runs[claim.run]),
        "In the notes": f"{claim.kind}, {_places(claim)}",
    }
    if claim.conflicts:
        rows["The notes disagree"] = "; ".join(
            f'<a href="#claim-{other}">{html.escape(ledger.claims[other].says)}</a>'
            for other in claim.conflicts
        )
    return "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in rows.items())


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


def linked_card(card: str, ledger_href: Callable[[str], str], sources: Sources) -> str:
    """A stored verdict card whose claim leads to the ledger and whose sources to the papers."""
    match = re.match(r'<div class="verdict [^>]*\bid="claim-([a-z0-9-]+)"', card)
    if match is None:
        return card
    card = re.sub(
        r"(</strong> · )(.*?)(</div>)",
        lambda m: f'{m[1]}<a href="{html.escape(ledger_href(match[1]))}">{m[2]}</a>{m[3]}',
        card,
        count=1,
        flags=re.DOTALL,
    )
    return re.sub(
        r'(<span class="finding">)(.*?)(</span>)',
        lambda m: m[1] + with_sources(html.unescape(m[2]), sources) + m[3],
        card,
        count=1,
        flags=re.DOTALL,
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
