"""The search looks at sentences and verdicts: code, and the words inside figures, are left out."""

import re
from typing import Any

import sphinx.search
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import IndexBuilder

SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


class ProseIndex(IndexBuilder):
    """The index of what is read."""

    def feed(self, docname: str, filename: str, title: str, doctree: nodes.document) -> None:
        """Index a page without its code and its drawings."""
        super().feed(docname, filename, title, prose(doctree))


def prose(page: nodes.document) -> nodes.document:
    """A copy of a page without what is not read as sentences."""
    copy = page.deepcopy()
    for code in list(copy.findall(nodes.literal_block)):
        code.parent.remove(code)
    for markup in list(copy.findall(nodes.raw)):
        text = SVG.sub(" ", markup.astext())
        markup.replace_self(nodes.raw("", text, format=markup.get("format", "")))
    return copy


def setup(app: Sphinx) -> dict[str, Any]:
    """Take the place of Sphinx's own index, for whose content Sphinx has no setting."""
    sphinx.search.IndexBuilder = ProseIndex  # type: ignore[misc]
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
