"""What belongs together stays on one line: a formula and its marks, a number and its percent sign.

A browser may break a line on both sides of a formula, and then begins the next with a comma.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

AFTER = re.compile(r"^[,.;:!?)\]’”%]+")
CODE = (nodes.literal, nodes.math, nodes.FixedTextElement)
PERCENT = re.compile(r"(?<=\d) %")
BEFORE = re.compile(r"[(\[“‘]+$")


class KeepMarks(SphinxPostTransform):
    """Wrap such a formula together with its marks."""

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Visit every formula and every number of the page's sentences."""
        for text in list(self.document.findall(nodes.Text)):
            told = PERCENT.sub("\N{NO-BREAK SPACE}%", text)
            if told != text and text.parent and not isinstance(text.parent, CODE):
                text.parent.replace(text, nodes.Text(told))
        for formula in list(self.document.findall(nodes.math)):
            before = _cut(formula, -1, BEFORE)
            after = _cut(formula, +1, AFTER)
            if not before and not after:
                continue
            kept = nodes.inline(classes=["with-mark"])
            formula.replace_self(kept)
            kept += [nodes.Text(before), formula, nodes.Text(after)]


def _cut(formula: nodes.math, side: int, marks: re.Pattern[str]) -> str:
    """Take the marks out of the text beside a formula."""
    parent = formula.parent
    place = parent.index(formula) + side
    beside = parent[place] if 0 <= place < len(parent) else None
    if not isinstance(beside, nodes.Text) or (found := marks.search(beside)) is None:
        return ""
    parent.replace(beside, nodes.Text(marks.sub("", beside)))
    return found[0]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(KeepMarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
