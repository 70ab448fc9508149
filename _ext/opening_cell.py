"""The opening cell, the same in every chapter, is folded away: the figure comes first."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

SUMMARY = "The opening cell finds the course’s helpers, or fetches them"


class FoldOpeningCell(SphinxTransform):
    """Wrap the cells tagged `setup` in an element that opens on demand."""

    default_priority = 600

    def apply(self, **kwargs: Any) -> None:
        """Visit every cell of the page."""
        for cell in list(self.document.findall(nodes.container)):
            if "tag_setup" in cell["classes"]:
                start = f'<details class="opening-cell"><summary>{SUMMARY}</summary>'
                place, parent = cell.parent.index(cell), cell.parent
                parent.insert(place + 1, nodes.raw("", "</details>", format="html"))
                parent.insert(place, nodes.raw("", start, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(FoldOpeningCell)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
