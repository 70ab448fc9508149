"""The ledger in the book: `{ledger}` lists every claim, `{ledger-tally}` counts the verdicts.

`{ledger-correction}` says which of them survive a correction for all that the book measures.

Verdicts come from the chapters' stored outputs, so the page can say nothing that no cell computed.
Also draws each verdict card of a chapter anew, from what its notebook stores.
"""

import functools
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_html import Entry, controls, correction, progress, tally
from ledger_items import Context, Source, book_card, claim_list, linked_table
from outline import outline
from own_files import load_own
from papers import authors, papers

from chapters import FOLDER, read_chapter
from utils.claims import Settled, load, verdicts
from utils.claims.correction import measured_settings, stands
from utils.claims.stored import is_card

logger = logging.getLogger(__name__)
PAGE = "pages/ledger"
CHECKS = "Definitions and formulas"


class LedgerNode(nodes.General, nodes.Element):
    """Holds the place of `part`: tally, correction, filter, a chapter's claims, or the checks."""


class LedgerPage(SphinxDirective):
    """Every claim by chapter, with the filter above."""

    def run(self) -> list[nodes.Node]:
        """Return a section per chapter and one for what is checked: the page has an outline."""
        _remember(self.env)
        shown: list[nodes.Node] = [LedgerNode(part="controls")]
        finished = {docname.rpartition("/")[2] for docname, _ in settled_claims(self.env).values()}
        titles = _titles(self.env)
        for slug in sorted(titles, key=lambda slug: slug not in finished):  # settled ones first
            title = titles[slug]
            part = LedgerNode(part="chapter", slug=slug, title=title)
            shown.append(_section(f"chapter-{slug}", title, part))
        return [*shown, _section("checks", CHECKS, LedgerNode(part="checks"))]


class LedgerTally(SphinxDirective):
    """The count of verdicts over all claims, as a bar and a legend."""

    def run(self) -> list[nodes.Node]:
        """Return the place that the tally takes."""
        _remember(self.env)
        return [LedgerNode(part="tally")]


class LedgerCorrection(SphinxDirective):
    """Which verdicts survive Holm's correction over the whole book."""

    def run(self) -> list[nodes.Node]:
        """Return the place that the sentence takes."""
        _remember(self.env)
        return [LedgerNode(part="correction")]


class FillLedger(SphinxPostTransform):
    """Write the ledger's parts with the addresses that this builder uses."""

    default_priority = 410  # after MyST-NB chose among an output's formats

    def run(self, **kwargs: Any) -> None:
        """Visit the parts of the ledger and the stored cards of the page."""
        html = self.app.builder.format == "html"
        for part in list(self.document.findall(LedgerNode)):
            part.replace_self(nodes.raw("", self.filled(part), format="html") if html else [])
        if not html or PAGE not in self.env.found_docs:
            return
        for node in self.document.findall(nodes.raw):
            text = node.astext().lstrip()
            if is_card(text):
                self.replace_text(node, self.drawn(text))
            elif text.startswith('<table class="verdicts"'):
                self.replace_text(node, linked_table(text, self.ledger_href))

    def drawn(self, card: str) -> str:
        """Return a stored card as the book draws it."""
        found = re.match(r'<div class="verdict [^>]*\bid="claim-([a-z0-9-]+)"', card)
        if found is None or found[1] not in self.settled:
            return card
        return book_card(self.settled[found[1]][1], self.context)

    def filled(self, node: LedgerNode) -> str:
        """Return one part of the ledger as HTML."""
        entries = self.entries()
        claims = [entry for entry in entries if not entry.checked]
        if node["part"] == "tally":
            return tally(claims, self.to(PAGE) if PAGE in self.env.found_docs else None)
        if node["part"] == "controls":
            return controls(self.context.titles, entries)
        if node["part"] == "correction":
            says = {claim.id: claim.says for claim in self.context.ledger.claims.values()}
            measured = measured_settings(settled for _, settled in self.settled.values())
            return correction(says, self.context.stands, len(measured))
        if node["part"] == "checks":
            checks = [entry for entry in entries if entry.checked]
            return claim_list(checks, self.context, fold=True)
        slug = node["slug"]
        own = [entry for entry in claims if entry.claim.chapter == slug]
        chapter = f"chapters/{slug}"
        href = self.to(chapter) if chapter in self.env.found_docs else ""
        return progress(own, node["title"], href) + claim_list(own, self.context)

    @functools.cached_property
    def settled(self) -> dict[str, tuple[str, Settled]]:
        """The page that settled each claim, and its verdict."""
        return settled_claims(self.env)

    @functools.cached_property
    def context(self) -> Context:
        """What cards and entries refer to, as seen from this page."""
        return Context(
            ledger=load(),
            sources=_sources(self.app),
            stands=stands(settled for _, settled in self.settled.values()),
            titles=_titles(self.env),
            href=self.ledger_href,
        )

    def entries(self) -> list[Entry]:
        """Return all claims in order, with what the chapters found."""
        entries = []
        for claim in self.context.ledger.claims.values():
            docname, settled = self.settled.get(claim.id, ("", None))
            href = f"{self.to(docname)}#{settled.anchor}" if settled else ""
            entries.append(Entry(claim, settled, href))
        return entries

    def ledger_href(self, claim_id: str) -> str:
        """Return the address of a claim on the ledger page."""
        page = "" if self.env.docname == PAGE else self.to(PAGE)
        return f"{page}#claim-{claim_id}"

    def to(self, docname: str) -> str:
        """Return the address of a page as seen from this one."""
        return self.app.builder.get_relative_uri(self.env.docname, docname)

    @staticmethod
    def replace_text(node: nodes.raw, text: str) -> None:
        """Give a raw node another text."""
        node.rawsource = text
        node.children = []
        node += nodes.Text(text)


def _section(name: str, title: str, content: LedgerNode) -> nodes.section:
    section = nodes.section(ids=[name], names=[name], classes=["ledger-chapter"])
    section += [nodes.title("", title), content]
    return section


def _remember(env: BuildEnvironment) -> None:
    env.metadata[env.docname]["shows_ledger"] = "yes"


def _titles(env: BuildEnvironment) -> dict[str, str]:
    """Return the chapters of the ledger in the book's order, with their titles."""
    source = Path(env.srcdir)
    parts = outline(source, env.config.course_to_come)
    return {slug: _title(source, slug) for slugs in parts.values() for slug in slugs}


def _title(source: Path, slug: str) -> str:
    path = source / FOLDER / f"{slug}.ipynb"
    return read_chapter(path).title if path.exists() else load().chapters[slug].title or slug


def settled_claims(env: BuildEnvironment) -> dict[str, tuple[str, Settled]]:
    """Return, by claim, the page that settled it and its verdict."""
    found: dict[str, tuple[str, Settled]] = {}
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        if path.suffix != ".ipynb":
            continue
        try:
            stored = _verdicts(path, path.stat().st_mtime_ns)
        except ValueError as error:
            raise ExtensionError(f"the ledger cannot read {path.name}: {error}") from error
        for settled in stored:
            if settled.id in found:
                first = found[settled.id][0]
                logger.warning(
                    "%s is settled in %s and in %s; a claim is settled once",
                    settled.id,
                    first,
                    docname,
                    type="ledger",
                )
            found.setdefault(settled.id, (docname, settled))
    return found


@functools.lru_cache(maxsize=64)
def _verdicts(path: Path, changed: int) -> list[Settled]:
    return verdicts(path)


def _sources(app: Sphinx) -> dict[str, Source]:
    """The papers by key: "Glorot & Bengio 2010" and the address."""
    found = {}
    for key, entry in papers(Path(app.srcdir)).items():
        people = authors(entry)
        names = f"{people[0]} et al." if len(people) > 2 else " & ".join(people)
        doi = entry.fields.get("doi")
        href = f"https://doi.org/{doi}" if doi else entry.fields.get("url", "")
        found[key] = Source(f"{names} {entry.fields.get('year', '')}".strip(), href)
    return found


def outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Write the pages that show the ledger anew in every build: any chapter may have changed."""
    return [doc for doc, data in env.metadata.items() if "shows_ledger" in data]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives, the transform, and the page's script and styles."""
    app.add_node(LedgerNode)
    app.add_directive("ledger", LedgerPage)
    app.add_directive("ledger-tally", LedgerTally)
    app.add_directive("ledger-correction", LedgerCorrection)
    app.add_post_transform(FillLedger)
    app.connect("env-get-outdated", outdated)
    app.connect("config-inited", load_own("cards.css", "ledger.css", "ledger.js"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
