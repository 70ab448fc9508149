"""Code that measures, plots or settles is folded behind one line, below what it shows.

What a cell tagged `hide-output` shows is folded with its code. So are the lines that a folded cell
prints as `  measured: …`, which another processor may print otherwise: prose says what matters.

The eye meets the figure, the sentence and the verdict first; whoever asks how it was decided opens
the line, or all of them with the switch "Workshop" in the top bar (_static/reading.js). Without
JavaScript each line opens by itself.
"""

import html
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.markup import OPENING_TAG, fold, is_recut, untitled

TEMPLATES = Path(__file__).parent / "templates"
OPENING = "The opening cell finds the course’s helpers, or fetches them"
MEASURED = "  measured: "
RESULT = re.compile(r"\d\W*$")
"""What stays in sight: a line that ends in a number. Any other is a heading of measurements."""
EARLY = Path(__file__).parent / "early.js"


class FoldCells(SphinxTransform):
    """Put the code of folded cells into an element that opens on demand, after their outputs."""

    default_priority = 600

    def apply(self, **kwargs: Any) -> None:
        """Visit every cell of the page."""
        cells = {cell: code for cell in _cells(self.document) if (code := _code(cell))}
        recut = is_recut(code.astext() for code in cells.values())
        for cell, code in cells.items():
            tags = cell["cell_metadata"].get("tags", [])
            line = OPENING if OPENING_TAG in tags else fold(code.astext(), tags, recut)
            if line is not None:
                _fold(cell, code, line)


def _cells(document: nodes.document) -> list[nodes.container]:
    return [
        node
        for node in document.findall(nodes.container)
        if node.get("nb_element") == "cell_code" and node.children
    ]


def _code(cell: nodes.container) -> nodes.literal_block | None:
    """The code of a cell, None where the book leaves it out."""
    source = cell.children[0]
    if not isinstance(source, nodes.container) or source["nb_element"] != "cell_code_source":
        return None
    return next(iter(source.findall(nodes.literal_block)), None)


def _fold(cell: nodes.container, code: nodes.literal_block, line: str) -> None:
    shown = untitled(code.astext())
    code.rawsource, code.children = shown, [nodes.Text(shown)]
    source = cell.children[0]
    start = f'<details class="fold"><summary>{html.escape(line)}</summary>'
    rest = cell.children[1:]
    mode = cell.attributes.pop("hide_mode", None)  # MyST-NB's own fold, for the tags hide-…
    inside, shown_first = (rest, []) if mode == "output" else (_measured(rest), _not_empty(rest))
    cell.children = []
    cell += [*shown_first, nodes.raw("", start, format="html"), *inside, source]
    cell += nodes.raw("", "</details>", format="html")
    cell["classes"].append("folded")


def _measured(outputs: list[nodes.Node]) -> list[nodes.Node]:
    """Take the lines of measurements, and what heads them, out of a cell's printed outputs."""
    found: list[nodes.Node] = []
    for printed in [node for out in outputs for node in out.findall(nodes.literal_block)]:
        lines = printed.astext().splitlines()
        left = [line for line in lines if not line.startswith(MEASURED) and RESULT.search(line)]
        taken = [line for line in lines if line not in left]
        if any(line.startswith(MEASURED) for line in lines):
            found.append(_with_text(printed, taken))
            if any(left):
                printed.parent.replace(printed, _with_text(printed, left))
            else:
                printed.parent.remove(printed)
    return found


def _not_empty(outputs: list[nodes.Node]) -> list[nodes.Node]:
    return [node for node in outputs if node.children]


def _with_text(printed: nodes.literal_block, lines: list[str]) -> nodes.literal_block:
    text = "\n".join(lines)
    return nodes.literal_block(text, text, **printed.attributes)


def add_switch(app: Sphinx, config: Config) -> None:
    """Let the theme find the switch, which `article_header_end` in _config.yml asks for."""
    config.templates_path.append(str(TEMPLATES))


def add_early(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put into the head what has to happen before anything is shown; say whether code is folded."""
    early = EARLY.read_text(encoding="utf-8")
    context["metatags"] = f"{context.get('metatags', '')}<script>{early}</script>\n"
    context["has_folds"] = doctree is not None and any(
        "folded" in node["classes"] for node in doctree.findall(nodes.container)
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform, the switch and the script in the head."""
    app.add_transform(FoldCells)
    app.connect("config-inited", add_switch)
    app.connect("html-page-context", add_early)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
