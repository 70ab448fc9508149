"""The ledger as HTML: the tally, bars and filters. Pure functions, so that `ledger` stays small.

Everything is readable without scripts and style sheets: lists, details, words beside colors. The
tally counts claims; definitions and formulas, which a check decides, stand in a table of their own.
"""

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from utils.claims import EXPECTATIONS, KINDS, SHAPES, SIX_WORDS, Claim, Settled
from utils.claims.card import SETTLED_BY
from utils.claims.listing import NOT_YET
from utils.typeset import as_html

STATUSES = {**SHAPES, NOT_YET: "·"}
TALLIED = (*SIX_WORDS, "by reading", NOT_YET)
MEANINGS = {
    "holds": "yes in two settings or more, and in all that were measured",
    "holds here": "yes in one setting, no in none: no second was measured, or it stayed open",
    "depends": "yes in one setting, no in another",
    "fails here": "no in one setting, yes in none: no second was measured, or it stayed open",
    "fails": "no in two settings or more, and in all that were measured",
    "open": "no setting decides it: each interval allows both",
    "by reading": "no run can decide; the sources are named",
    NOT_YET: "no chapter has tested it yet",
}


UNEXPECTED = {
    "holds": ("depends", "fails here", "fails", "misprint"),
    "holds-with-conditions": ("fails here", "fails", "misprint"),
    "disputed": (),
    "wrong-as-stated": ("holds here", "holds", "checked"),
}
"""What we expected, and the words that surprise who expected it."""
MARKS = {"surprise": "surprises", "changed": "plan changed", "close": "close calls"}


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

    @property
    def marks(self) -> list[str]:
        """Which of the presets of the filter the claim belongs to."""
        outcomes = self.settled.outcomes.values() if self.settled else ()
        true = {
            "surprise": self.status in UNEXPECTED[self.claim.expect],
            "changed": bool(self.claim.changes),
            "close": any(o.answer != "open" and not o.firm for o in outcomes),
        }
        return [mark for mark in MARKS if true[mark]]

    @property
    def checked(self) -> bool:
        """Whether a check decides it, so that it is no part of the tally."""
        return self.claim.settle_by == "check"


def words(value: str) -> str:
    """`holds-with-conditions` as a reader reads it."""
    return value.replace("-", " ")


def style_name(status: str) -> str:
    """A verdict as it stands in class names and variables: `does-not-hold`."""
    return status.replace(" ", "-")


def bar(entries: Iterable[Entry], of: str) -> str:
    """How many claims have which verdict, as a bar whose words a screen reader hears."""
    counts = Counter(entry.status for entry in entries)
    total = counts.total()
    told = ", ".join(f"{counts[status]} {status}" for status in TALLIED if counts[status])
    parts = "".join(
        f'<span class="bar-{style_name(status)}" style="flex-grow:{counts[status]}"></span>'
        for status in TALLIED
        if counts[status]
    )
    label = html.escape(f"{of}: {total} claims, {told}")
    return f'<div class="ledger-bar" role="img" aria-label="{label}">{parts}</div>'


def progress(entries: Sequence[Entry], chapter: str, href: str) -> str:
    """A chapter's bar of progress, the count in words, and the way to the chapter."""
    done = sum(entry.settled is not None for entry in entries)
    link = f' <a href="{href}">Read the chapter</a>' if href else " The chapter is still to come."
    return (
        f'<div class="ledger-progress">{bar(entries, chapter)}'
        f"<p>{done} of {len(entries)} settled.{link}</p></div>"
    )


def tally(entries: Sequence[Entry], ledger_href: str | None) -> str:
    """All verdicts: the bar, then each with its shape, count, meaning and a link to the list."""
    counts = Counter(entry.status for entry in entries)
    items = []
    for status in TALLIED:
        name = f'<span aria-hidden="true">{STATUSES[status]}</span> {counts[status]} {status}'
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


def correction(says: Mapping[str, str], stands: Mapping[str, bool], settings: int) -> str:
    """Which measured verdicts survive Holm's correction over the book, in a sentence and a list.

    says: the claims' wording by id. stands: by claim. settings: how many were measured over seeds.
    """
    if not stands:
        return "<p>No verdict of this book rests on a measurement over seeds yet.</p>"
    falls = [claim for claim, survives in stands.items() if not survives]
    told = (
        f"<p>{len(stands)} verdicts rest on a measurement over seeds that decides. For all "
        f"{settings} such settings of the book together, open ones included, at 5 %, "
        f"{len(stands) - len(falls)} of them survive Holm’s correction"
    )
    if not falls:
        return f'<div class="ledger-correction">{told}.</p></div>'
    items = "".join(
        f'<li><a href="#claim-{claim}">{as_html(says[claim])}</a></li>' for claim in falls
    )
    return (
        f'<div class="ledger-correction">{told}; {len(falls)} '
        f"{'does' if len(falls) == 1 else 'do'} not:</p><ul>{items}</ul></div>"
    )


def controls(titles: Mapping[str, str], entries: Sequence[Entry]) -> str:
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
    counts = Counter(mark for entry in entries for mark in entry.marks)
    presets = "".join(
        f'<label><input type="radio" name="marks" value="{mark}"{"" if mark else " checked"}>'
        f" {label}</label>"
        for mark, label in {
            "": f"all claims ({len(entries)})",
            **{mark: f"{label} ({counts[mark]})" for mark, label in MARKS.items()},
        }.items()
    )
    return (
        '<form class="ledger-filter" role="search" aria-label="Filter the claims" hidden>'
        f'<fieldset class="ledger-presets"><legend>Show</legend>{presets}</fieldset>'
        "<p>A surprise came out otherwise than we expected; a close call, other seeds might leave "
        "open.</p>"
        '<label class="ledger-search">Search the claims '
        '<input type="search" name="q" autocomplete="off" spellcheck="false"></label>'
        f'{selects}<button type="reset">Show all</button>'
        '<p class="ledger-count" role="status" aria-live="polite"></p></form>'
    )
