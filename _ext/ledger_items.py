"""Each claim of the ledger as HTML, and the links that stored cards and tables get in the book."""

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ledger_html import NOT_YET, SETTLED_BY, STATUSES, Entry, style_name, words

from utils.claims import Change, Claim, Ledger, Outcome
from utils.claims.card import as_html


@dataclass(frozen=True)
class Source:
    """A paper as the text names it, and its address."""

    label: str
    href: str


@dataclass(frozen=True)
class Context:
    """What the entries of the ledger refer to: other claims, papers, and the book as a whole."""

    ledger: Ledger
    sources: Mapping[str, Source]
    stands: Mapping[str, bool]


def claim_list(entries: Iterable[Entry], context: Context) -> str:
    """A chapter's claims as a list."""
    items = "".join(
        f'<li {_attributes(entry)}><p class="ledger-says">{html.escape(entry.claim.says)}</p>'
        f"{_verdict(entry, context)}{_settings(entry)}{_fold(entry, context)}</li>"
        for entry in entries
    )
    return f'<ol class="ledger-claims">{items}</ol>'


def check_table(entries: Iterable[Entry], titles: Mapping[str, str], context: Context) -> str:
    """Definitions and formulas of all chapters as a table."""
    rows = "".join(
        f'<tr {_attributes(entry)}><td><span class="ledger-says">{html.escape(entry.claim.says)}'
        f"</span>{_fold(entry, context)}</td><td>{_verdict(entry, context)}</td>"
        f"<td>{html.escape(titles[entry.claim.chapter])}</td></tr>"
        for entry in entries
    )
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Statement", "Found", "Chapter"))
    return (
        f'<table class="ledger-checks"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _attributes(entry: Entry) -> str:
    claim, name = entry.claim, style_name(entry.status)
    data = {
        "chapter": claim.chapter,
        "verdict": name,
        "expect": claim.expect,
        "kind": claim.kind,
        "by": claim.settle_by,
    }
    return f'class="ledger-claim ledger-{name}" id="claim-{claim.id}"' + "".join(
        f' data-{key}="{value}"' for key, value in data.items()
    )


def _verdict(entry: Entry, context: Context) -> str:
    word = f'<span aria-hidden="true">{STATUSES[entry.status]}</span> {entry.status}'
    if entry.settled is not None:
        word = f'<a href="{html.escape(entry.href)}">{word}</a>'
    if entry.status == "by reading" and entry.settled is not None:
        finding = with_sources(entry.settled.numbers[""], context.sources)
        word += f' <span class="ledger-numbers">{finding}</span>'
    return (
        f'<p class="ledger-verdict">{word} <a class="ledger-anchor" '
        f'href="#claim-{entry.claim.id}" aria-label="Link to this claim">#</a></p>'
    )


def _settings(entry: Entry) -> str:
    """What was found in each setting: yes, no or open, firm or a close call."""
    if entry.settled is None or entry.checked or not entry.settled.outcomes:
        return ""
    items = "".join(
        f'<li><span class="setting">{html.escape(name)}:</span> {_told(outcome)}</li>'
        for name, outcome in entry.settled.outcomes.items()
    )
    return f'<ul class="ledger-settings">{items}</ul>'


def _told(outcome: Outcome) -> str:
    return f"{outcome}, firm" if outcome.firm else str(outcome)


def _fold(entry: Entry, context: Context) -> str:
    rows = _details(entry, context)
    shown = "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in rows)
    return f"<details><summary>Plan, expectation and numbers</summary><dl>{shown}</dl></details>"


def _details(entry: Entry, context: Context) -> Iterable[tuple[str, str]]:
    claim, settled = entry.claim, entry.settled
    if settled is not None and entry.status != "by reading":
        for name, numbers in settled.numbers.items():
            label = "Found" if entry.checked else f"Measured: {html.escape(name)}"
            yield label, f'<span class="ledger-numbers">{as_html(numbers)}</span>'
    if claim.id in context.stands:
        survives = context.stands[claim.id]
        yield "Over the whole book", _HOLM[survives]
    yield "We expected", f"{words(claim.expect)}. {html.escape(claim.why)}"
    yield "The plan", f"{SETTLED_BY[claim.settle_by]}. {html.escape(claim.plan)}"
    if claim.settings:
        yield "Its settings", html.escape("; ".join(claim.settings))
    for change in claim.changes:
        yield f"Until {change.date:%Y-%m-%d} it said", _change(change)
    yield "In a run of", html.escape(context.ledger.runs[claim.run])
    yield "In the notes", f"{claim.kind}, {_places(claim)}"
    if claim.conflicts:
        others = (context.ledger.claims[other] for other in claim.conflicts)
        yield (
            "The notes disagree",
            "; ".join(f'<a href="#claim-{o.id}">{html.escape(o.says)}</a>' for o in others),
        )


_HOLM = {
    True: "this verdict survives Holm’s correction for all that was measured",
    False: "this verdict does not survive Holm’s correction for all that was measured",
}


def _change(change: Change) -> str:
    return f"{html.escape(change.was)} <em>Changed because:</em> {html.escape(change.reason)}"


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
        return html.escape(finding)
    return f"{html.escape(match[1])} ({'; '.join(_named(match[2].split(', '), sources))})"


def _named(keys: Iterable[str], sources: Mapping[str, Source]) -> Iterable[str]:
    for key in keys:
        paper = sources.get(key)
        if paper is None:
            yield html.escape(key)
        elif paper.href:
            yield f'<a href="{html.escape(paper.href)}">{html.escape(paper.label)}</a>'
        else:
            yield html.escape(paper.label)


def linked_card(card: str, ledger_href: Callable[[str], str], sources: Mapping[str, Source]) -> str:
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
        r'(<div class="finding">)(.*?)(</div>)',
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
