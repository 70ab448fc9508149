"""The book on paper: its style sheet, and the places where `make pdf` offers what it has printed.

The files are printed from the built pages, so a page cannot link to them while it is built:
it keeps a place, `stamp` fills it, and a page whose file is not there says nothing.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.docutils import SphinxDirective

STYLE = "print.css"
LAST = 900
PRINTED = "_pdf"
WHOLE = "book"
PLACE = re.compile(r"<!-- pdf: ([a-z0-9-]+) -->.*?<!-- /pdf -->", re.DOTALL)


def place(name: str) -> str:
    """Return the place in a page for the link to a printed file."""
    return f"<!-- pdf: {name} --><!-- /pdf -->"


def stamp(page: str, root: str, offered: dict[str, str]) -> str:
    """Return a built page with the links to the printed files, and without those that are gone.

    root: the way from the page to the book's root. offered: what to say of each file, by its name.
    """

    def link(match: re.Match[str]) -> str:
        name = match[1]
        if name not in offered:
            return place(name)
        href = f"{root}{PRINTED}/{name}.pdf"
        return f'<!-- pdf: {name} --><a href="{href}" download>{offered[name]}</a><!-- /pdf -->'

    return PLACE.sub(link, page)


class PlaceOfBook(SphinxDirective):
    """`{printed-book}`: the place for the link to the whole book."""

    def run(self) -> list[nodes.Node]:
        """Return the place."""
        return [nodes.raw("", f'<p class="printed-book">{place(WHOLE)}</p>', format="html")]


def add_style(app: Sphinx, config: Config) -> None:
    """Load the style after all others; Jupyter Book lists all of _static by itself, in no order."""
    config.html_css_files = [name for name in config.html_css_files if name != STYLE]
    app.add_css_file(STYLE, priority=LAST, media="print")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and the style."""
    app.add_directive("printed-book", PlaceOfBook)
    app.connect("config-inited", add_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
