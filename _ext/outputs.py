"""Printed results: lines that are sentences wrap, tables keep their columns and scroll.

And a table of pandas' has an empty corner, not a heading without words.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

COLUMNS = re.compile(r"\S {2,}\S|\t")
CORNER = re.compile(r"<th>\s*</th>")


def is_table(text: str) -> bool:
    """Whether a printed result has columns, which wrapped lines would tear apart."""
    return COLUMNS.search(text) is not None


class ReadableOutputs(SphinxPostTransform):
    """Mark the printed results that may wrap; mend the tables."""

    default_priority = 420  # after MyST-NB chose among an output's formats
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Visit every output of the page's cells."""
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") != "cell_code_output":
                continue
            for printed in cell.findall(nodes.literal_block):
                if not is_table(printed.astext()):
                    printed["classes"].append("sentences")
            for markup in list(cell.findall(nodes.raw)):
                if "<table" in markup.astext() and CORNER.search(markup.astext()):
                    text = CORNER.sub("<td></td>", markup.astext())
                    markup.replace_self(nodes.raw("", text, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(ReadableOutputs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
