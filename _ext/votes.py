"""The door: `{votes}` puts statements of the notes to the vote, `{survival}` counts what stands.

Both say what the chapters' stored verdicts say. Without JavaScript a vote is a statement and a
fold with the answer; with it (_static/votes.js) the reader commits first. Votes stay on the device.
"""

import html
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from ledger import settled_claims
from ledger_html import style_name
from own_files import load_own
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from utils.claims import SHAPES, Claim, Settled, load
from utils.claims.card import body

logger = logging.getLogger(__name__)
CHOICES = {"holds": "It holds", "depends": "It depends", "fails": "It fails"}
SIDE = {"holds here": "holds", "fails here": "fails"}


class DoorNode(nodes.General, nodes.Element):
    """Holds the place of the votes on `claims`, or of the count where there are none."""


class Votes(SphinxDirective):
    """The statements to vote on, by the ids of their claims."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Remember the claims: what came out is known when all pages are read."""
        self.env.metadata[self.env.docname]["shows_ledger"] = "yes"
        return [DoorNode(claims=[line.strip() for line in self.content if line.strip()])]


class Survival(SphinxDirective):
    """How many of the statements that a run decided fail."""

    def run(self) -> list[nodes.Node]:
        """Keep the place."""
        self.env.metadata[self.env.docname]["shows_ledger"] = "yes"
        return [DoorNode(claims=[])]


class FillDoor(SphinxPostTransform):
    """Write the door's parts from the stored verdicts."""

    default_priority = 410

    def run(self, **kwargs: Any) -> None:
        """Visit the places of the page."""
        places = list(self.document.findall(DoorNode))
        found = settled_claims(self.env) if places else {}
        for place in places:
            markup = (
                self.votes(place["claims"], found)
                if place["claims"]
                else survival(settled for _, settled in found.values())
            )
            place.replace_self(nodes.raw("", markup, format="html"))

    def votes(self, claims: list[str], found: dict[str, tuple[str, Settled]]) -> str:
        """Return the votes on those of the claims that a run has decided; name the others."""
        items = []
        for claim in claims:
            docname, settled = found.get(claim, ("", None))
            if settled is None or answer_of(settled) is None:
                logger.warning(
                    "%s is no claim with a verdict to vote on: expected one that holds, depends "
                    "or fails",
                    claim,
                    type="door",
                )
                continue
            page = self.app.builder.get_relative_uri(self.env.docname, docname)
            items.append(vote(load().claims[claim], settled, f"{page}#{settled.anchor}"))
        return f'<ol class="votes">{"".join(items)}</ol><p class="votes-score" role="status"></p>'


def answer_of(settled: Settled) -> str | None:
    """Return which of the three choices a verdict is, None where it is none."""
    word = SIDE.get(settled.verdict, settled.verdict)
    return word if word in CHOICES else None


def vote(claim: Claim, settled: Settled, href: str) -> str:
    """Return a statement, its choices, and what the book found, in a fold."""
    buttons = "".join(
        f'<button type="button" data-vote="{key}" aria-pressed="false">{words}</button>'
        for key, words in CHOICES.items()
    )
    word = settled.verdict
    return (
        f'<li class="vote" id="vote-{claim.id}" data-answer="{answer_of(settled)}">'
        f'<p class="vote-says">{html.escape(claim.says)}</p>'
        f'<p class="vote-choices" role="group" aria-label="Does it hold?" hidden>{buttons}</p>'
        '<p class="vote-said" role="status"></p>'
        "<details><summary>What the runs say</summary>"
        f'<p class="vote-word verdict-{style_name(word)}"><span aria-hidden="true">{SHAPES[word]}'
        f"</span> {word}</p>{body(claim, settled)}"
        f'<p><a href="{html.escape(href)}">See how it was measured</a></p></details></li>'
    )


def voted(env: BuildEnvironment, page: str) -> list[str]:
    """Return the claims that a page puts to the vote."""
    return [claim for node in env.get_doctree(page).findall(DoorNode) for claim in node["claims"]]


def headline(settled: Iterable[Settled]) -> str:
    """Return in one sentence how many statements fail."""
    return f"{_words(settled)['fails']} familiar statements failed their test."


def survival(settled: Iterable[Settled]) -> str:
    """Return how many statements fail, of those that a run decided, and how many depend."""
    found = list(settled)
    words = _words(found)
    decided = sum(words[choice] for choice in CHOICES)
    return (
        f'<p class="survival"><strong>{headline(found)}</strong> Of the {decided} that a run has '
        f"decided so far, {words['fails']} fail where they were measured, "
        f"{words['depends']} hold in one place and fail in another, and {words['holds']} "
        "hold where they were measured.</p>"
    )


def _words(settled: Iterable[Settled]) -> Counter[str | None]:
    return Counter(answer_of(one) for one in settled if one.outcomes)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, the transform, and what the page loads."""
    app.add_node(DoorNode)
    app.add_directive("votes", Votes)
    app.add_directive("survival", Survival)
    app.add_post_transform(FillDoor)
    app.connect("config-inited", load_own("door.css", "votes.js"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
