"""Terms and citations say what they mean where they stand: on hover, on focus, and by a tap.

A chapter links a term as `[dead unit](../pages/glossary.md#dead-unit)` and a paper by its address;
the words come from the glossary and from references.bib. They wait, hidden, at the end of the page
(_static/tips.js shows them); without JavaScript the links are what links are.
"""

import difflib
import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from papers import authors, papers
from pybtex.database import Entry
from pybtex.richtext import Text
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)
GLOSSARY = "pages/glossary"


def terms(glossary: nodes.document) -> dict[str, tuple[str, str]]:
    """By the name that links use ("dead-unit"): the anchor of a term, and what it means."""
    found = {}
    for item in glossary.findall(nodes.definition_list_item):
        meaning = " ".join(
            part.astext() for part in item.children if isinstance(part, nodes.definition)
        )
        for term in item.findall(nodes.term):
            if term["ids"]:
                name = nodes.make_id(term.astext())
                found[name] = (term["ids"][0], " ".join(meaning.split()))
    return found


class LinkTerms(SphinxPostTransform):
    """Lead the links to terms to their place in the glossary."""

    default_priority = 5  # before MyST, which knows headings only

    def run(self, **kwargs: Any) -> None:
        """Visit every link to the glossary."""
        if GLOSSARY not in self.env.found_docs:
            return
        links = [
            link
            for link in self.document.findall(addnodes.pending_xref)
            if link.get("reftarget") == GLOSSARY and link.get("reftargetid")
        ]
        known = terms(self.env.get_doctree(GLOSSARY)) if links else {}
        for link in links:
            name = link["reftargetid"].lower()
            anchor, meaning = known.get(name, ("", ""))
            if not anchor:
                logger.warning(
                    "the glossary has no term %r; the nearest are %s",
                    name,
                    ", ".join(difflib.get_close_matches(name, known, cutoff=0.3)) or "none",
                    location=link,
                    type="tips",
                )
            page = self.app.builder.get_relative_uri(self.env.docname, GLOSSARY)
            to = nodes.reference("", "", internal=True, refuri=f"{page}#{anchor}")
            to["classes"] += ["term-link"]
            to["tip"] = html.escape(meaning, quote=False)
            to += link.children
            link.replace_self(to)


class CitePapers(SphinxPostTransform):
    """Give the links to papers what references.bib says of them."""

    default_priority = 800
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Visit every link that leads out of the book."""
        if self.env.docname == "pages/references":
            return
        known = told(Path(self.env.srcdir))
        for link in self.document.findall(nodes.reference):
            tip = known.get(address(link.get("refuri", "")))
            if tip:
                link["classes"] += ["cite-link"]
                link["tip"] = tip


def address(url: str) -> str:
    """An address without what differs between links to one paper: version, format, scheme."""
    url = re.sub(r"^https?://(?:www\.|dx\.)?", "", url.strip().lower())
    url = re.sub(r"^arxiv\.org/pdf/", "arxiv.org/abs/", url)
    return re.sub(r"(?:v\d+)?(?:\.pdf)?/?$", "", url) if "arxiv.org" in url else url.rstrip("/")


def told(book: Path) -> dict[str, str]:
    """By address: who wrote a paper, when, and where it stands."""
    found: dict[str, str] = {}
    for entry in papers(book).values():
        fields = entry.fields
        addresses = [fields.get("url", "")]
        addresses += [f"https://doi.org/{fields['doi']}"] if "doi" in fields else []
        addresses += [f"https://arxiv.org/abs/{fields['eprint']}"] if "eprint" in fields else []
        words = described(entry)
        found |= {address(one): words for one in addresses if one}
    return found


def described(entry: Entry) -> str:
    """A paper in one line of HTML."""
    people = authors(entry)
    names = f"{people[0]} et al." if len(people) > 3 else _listed(people)
    title, place = (
        html.escape(str(Text.from_latex(text)).rstrip("."))
        for text in (
            entry.fields.get("title", ""),
            entry.fields.get("journal") or entry.fields.get("booktitle") or "",
        )
    )
    year = entry.fields.get("year", "")
    return f"{html.escape(names)} ({year}). <i>{title}.</i>" + (f" {place}." if place else "")


def _listed(people: list[str]) -> str:
    return " and ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people)


def add_tips(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the words at the end of the page, once for each address."""
    links = doctree.findall(nodes.reference) if doctree is not None else ()
    tips = {link["refuri"]: link["tip"] for link in links if link.get("tip")}
    if tips:
        shown = "\n".join(
            f'<p id="tip-{number}" data-href="{html.escape(href)}">{tip}</p>'
            for number, (href, tip) in enumerate(tips.items(), start=1)
        )
        context["body"] += f'\n<div class="tips" hidden>\n{shown}\n</div>\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transforms, and the words at the end of the page."""
    app.add_post_transform(LinkTerms)
    app.add_post_transform(CitePapers)
    app.connect("html-page-context", add_tips)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
