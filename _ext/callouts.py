"""Call-outs: a block quote that opens with a bold word becomes a box of that kind.

Chapters stay plain Markdown, which Colab and the repository's page show as quotations; only the
book gives each kind its look. Other block quotes stay what they are.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

KINDS = {
    "the notes say": "notes-say",
    "predict": "predict",
    "exercise": "exercise",
    "careful": "careful",
}


def kind_of(quote: nodes.block_quote) -> tuple[str, str] | None:
    """Return (kind, bold opening without its full stop), or None for an ordinary quotation."""
    first = quote.children[0] if quote.children else None
    if not isinstance(first, nodes.paragraph) or not first.children:
        return None
    if not isinstance(first.children[0], nodes.strong):
        return None
    opening = first.children[0].astext().strip().rstrip(".:")
    word = re.sub(r"\s+\d+.*$", "", opening).casefold()
    return (KINDS[word], opening) if word in KINDS else None


class CallOuts(SphinxTransform):
    """Replace the block quotes that are call-outs by containers of their class."""

    default_priority = 500

    def apply(self, **kwargs: Any) -> None:
        """Visit every block quote of the page."""
        for quote in list(self.document.findall(nodes.block_quote)):
            found = kind_of(quote)
            if found is None:
                continue
            kind, opening = found
            title = quote.children[0].children[0]
            title["classes"].append("callout-title")
            box = nodes.container(
                "", *quote.children, classes=["callout", f"callout-{kind}"], is_div=True
            )
            if kind == "exercise":
                box["ids"].append(nodes.make_id(opening))
            quote.replace_self(box)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(CallOuts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
