"""Call-outs: a block quote that opens with a bold word becomes a box of that kind.

Chapters stay plain Markdown, which Colab and the repository's page show as quotations; only the
book gives each kind its look. Other block quotes stay what they are.
"""

import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.markup import kind_of


def opening_of(quote: nodes.block_quote) -> nodes.strong | None:
    """Return the bold words with which a quotation opens."""
    first = quote.children[0] if quote.children else None
    if not isinstance(first, nodes.paragraph):
        return None
    spoken = [child for child in first.children if child.astext().strip()]
    return spoken[0] if spoken and isinstance(spoken[0], nodes.strong) else None


class CallOuts(SphinxTransform):
    """Replace the block quotes that are call-outs by containers of their class."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Visit every block quote of the page."""
        for quote in list(self.document.findall(nodes.block_quote)):
            opening = opening_of(quote)
            kind = kind_of(opening.astext()) if opening is not None else None
            if opening is None or kind is None:
                continue
            opening["classes"].append("callout-title")
            box = nodes.container("", *quote.children, classes=["callout", f"callout-{kind}"])
            if kind == "exercise":
                box["ids"].append(nodes.make_id(opening.astext()))
            quote.replace_self(box)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(CallOuts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
