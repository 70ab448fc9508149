"""A chapter's claims with their words, as text and as a table."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from utils.claims.entries import Claim
from utils.claims.rules import SHAPES, Settled, where
from utils.typeset import as_html

NOT_YET = "not yet"
TABLE = '<table class="verdicts">'


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
            f'<tr data-claim="{claim.id}"><td{left}>{as_html(claim.says)}</td>'
            f'<td style="text-align:left;white-space:nowrap">{SHAPES.get(word, "·")} {word}</td>'
            f"<td{left}>{place}</td></tr>"
        )
    head = "".join(f'<th scope="col"{left}>{title}</th>' for title in ("Claim", "Verdict", "Where"))
    return f"{TABLE}<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def is_table(page: str) -> bool:
    """Whether an output's HTML is such a table."""
    return page.startswith(TABLE)
