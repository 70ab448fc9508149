"""The ledger of claims, and the step from a measurement to a verdict.

Introduced in the chapter "The nitty-gritty". A verdict is displayed as one output in two forms.
Plain text, which is what the tests compare and `verdicts` reads back:

    claim-id: holds
      measured: the numbers behind it

and a small HTML card that says the same. Numbers may differ between machines, verdicts may not:
a sanitizer for nbval covers `(?m)^  measured: .*$` in the text and
`<span class="measured">.*?</span>` in the HTML. A verdict by reading has `finding` instead.
"""

from __future__ import annotations

import difflib
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.claims.entries import SOURCES, Claim, load

if TYPE_CHECKING:
    from utils.stats import Evidence

REFERENCES = SOURCES.with_name("references.bib")

SHAPES = {
    "holds": "●",
    "holds here": "◐",
    "does not hold": "✕",
    "undecided": "?",
    "by reading": "○",
}
_COLORS = {
    "holds": "#009E73",
    "holds here": "#E69F00",
    "does not hold": "#D55E00",
    "undecided": "#0072B2",
    "by reading": "#8a8f94",
}


@dataclass(frozen=True)
class Settled:
    """A verdict as a notebook has stored it; `anchor` is the id of its card on the page."""

    id: str
    verdict: str
    numbers: str
    anchor: str


# --- settling ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cell:
    """Which cell is running, and which run of it this is; both empty outside a notebook."""

    key: str
    run: str


_settled: dict[str, tuple[_Cell, Settled]] = {}


def verdict(evidence: Evidence, elsewhere: Evidence | None = None) -> str:
    """The word that the evidence earns.

    `elsewhere` is the same claim measured under another stated condition: a claim that holds under
    the one and not under the other `holds here`.
    """
    if evidence.outcome is None:
        return "undecided"
    if not evidence.outcome:
        return "does not hold"
    return "holds" if elsewhere is None or elsewhere.outcome else "holds here"


def settle(claim_id: str, evidence: Evidence, elsewhere: Evidence | None = None) -> None:
    """Turn a measurement into the verdict on a claim, and display it as a card."""
    claim = _known(claim_id)
    if claim.settle_by == "reading":
        raise ValueError(
            f"{claim_id} is settled by reading, not by a run; use by_reading with its sources"
        )
    numbers = _checked(evidence, "evidence")
    if elsewhere is not None:
        numbers += f" | elsewhere: {_checked(elsewhere, 'elsewhere')}"
    _record(claim, verdict(evidence, elsewhere), numbers)


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
    _record(claim, "by reading", f"{' '.join(finding.split())} [{', '.join(keys)}]")


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


def _checked(evidence: Evidence, name: str) -> str:
    from utils.stats import Evidence as Expected  # not above: the book is built without SciPy

    if not isinstance(evidence, Expected):
        raise TypeError(
            f"{name} is {type(evidence).__name__}, expected the Evidence that a comparison "
            "returns: paired_win, median_above, share_above, check… of utils.stats"
        )
    numbers = " ".join(evidence.numbers.split())
    if not numbers:
        raise ValueError(f"{name} has no numbers; a verdict shows what it was computed from")
    if re.search(r"(?<![\w-])[-+]?(nan|inf)(?![\w-])", numbers):
        raise ValueError(
            f"{name} holds NaN or an infinite number: {numbers!r}; say what a run that diverged "
            "scores, with runs.final(key, diverged=...)"
        )
    return numbers


def _reference_keys(path: Path) -> list[str]:
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing; sources are keys of that file")
    return re.findall(r"^\s*@\w+\{\s*([^,\s]+)\s*,", path.read_text(encoding="utf-8"), re.MULTILINE)


def _record(claim: Claim, word: str, numbers: str) -> None:
    cell = _running_cell()
    if claim.id in _settled:
        earlier, before = _settled[claim.id]
        if not cell.key or earlier.key != cell.key or earlier.run == cell.run:
            raise ValueError(
                f"{claim.id} is already settled in this kernel ({before.verdict}); a claim is "
                "settled once, in one cell. To start over: claims.reset()"
            )
    settled = Settled(claim.id, word, numbers, f"claim-{claim.id}")
    _settled[claim.id] = (cell, settled)
    _display(_text(settled), _card(claim, settled))


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


# --- display -------------------------------------------------------------------------------------


def table(chapter: str) -> None:
    """Display a chapter's claims and the verdicts of this kernel; what is open says "not yet"."""
    chapters = load().chapters
    if chapter not in chapters:
        raise LookupError(f"no chapter {chapter!r} in the ledger{_near(chapter, chapters)}")
    claims = [claim for claim in load().claims.values() if claim.chapter == chapter]
    words = [_settled[c.id][1].verdict if c.id in _settled else "not yet" for c in claims]
    text = "\n".join(f"{claim.id} | {word}" for claim, word in zip(claims, words, strict=True))
    rows = "".join(
        f'<tr data-claim="{claim.id}"><td style="text-align:left">{html.escape(claim.says)}</td>'
        f'<td style="text-align:left;white-space:nowrap">{SHAPES.get(word, "·")} {word}</td></tr>'
        for claim, word in zip(claims, words, strict=True)
    )
    head = "".join(
        f'<th scope="col" style="text-align:left">{title}</th>' for title in ("Claim", "Verdict")
    )
    _display(
        text,
        f'<table class="verdicts"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>',
    )


def _text(settled: Settled) -> str:
    label = "finding" if settled.verdict == "by reading" else "measured"
    return f"{settled.id}: {settled.verdict}\n  {label}: {settled.numbers}"


def _card(claim: Claim, settled: Settled) -> str:
    word = settled.verdict
    label = "finding" if word == "by reading" else "measured"
    return (
        f'<div class="verdict verdict-{word.replace(" ", "-")}" id="{settled.anchor}" '
        f'style="border-left:4px solid {_COLORS[word]};margin:.5em 0;padding:.1em 0 .1em .8em">'
        f'<div><strong><span aria-hidden="true">{SHAPES[word]}</span> {word}</strong> · '
        f"{html.escape(claim.says)}</div>"
        f'<div style="font-size:.9em"><span class="{label}">{html.escape(settled.numbers)}</span>'
        "</div></div>"
    )


def _display(text: str, card: str) -> None:
    if _shell() is None:
        print(text)
        return
    from IPython.display import display

    display({"text/plain": text, "text/html": card}, raw=True)


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()


# --- reading back --------------------------------------------------------------------------------


def verdicts(notebook: Path | str) -> list[Settled]:
    """The verdicts that a notebook has stored in its outputs, in the order of its cells."""
    path = Path(notebook)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found: dict[str, Settled] = {}
    for cell in cells:
        for output in cell.get("outputs", ()):
            settled = _stored(output.get("data", {}))
            if settled is None:
                continue
            if settled.verdict not in SHAPES:
                raise ValueError(f"{path.name}: unknown verdict {settled.verdict!r}")
            if settled.id not in load().claims:
                raise ValueError(f"{path.name}: {settled.id} is not in the ledger")
            if settled.id in found:
                raise ValueError(f"{path.name}: {settled.id} is settled twice; once is enough")
            found[settled.id] = settled
    return list(found.values())


def _stored(data: Mapping[str, Any]) -> Settled | None:
    card = "".join(data.get("text/html", ""))
    if not card.startswith('<div class="verdict '):
        return None
    text = "".join(data.get("text/plain", ""))
    match = re.fullmatch(r"([a-z0-9-]+): (.+)\n  (?:measured|finding): (.+)", text)
    if match is None:
        raise ValueError(f"a verdict card without its two lines of text: {text!r}")
    return Settled(match[1], match[2], match[3], f"claim-{match[1]}")
