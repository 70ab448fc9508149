"""The line below a chapter's title: how long it takes, how to run it, and the file to print.

Colab opens a notebook from a public address; while there is none, the notebook is offered for
download, with the way to open it. `make pdf` writes the link to the printed chapter into its place.
"""

import html
from pathlib import Path
from typing import Any

from address import SETUP_PAGE, colab_address
from docutils import nodes
from effort import told
from paper import place
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from chapters import FOLDER, Chapter, read_chapter


def head(chapter: Chapter, repository: str, branch: str) -> str:
    """Return the line's markup, as seen from a page in the chapters' folder."""
    notebook = f"{FOLDER}/{chapter.slug}.ipynb"
    colab = colab_address(repository, branch, notebook)
    download = f'<a href="../_sources/{notebook}" download>Download the notebook</a>'
    ways = (
        f'<a href="{html.escape(colab)}">Open in Colab</a> {download}'
        if colab
        else f'{download} <a href="../{SETUP_PAGE}">How to open it</a>'
    )
    lengths = told(chapter.minutes, chapter.seconds)
    return f'<p class="chapter-head"><span>{lengths}</span> {ways} {place(chapter.slug)}</p>'


class ChapterHead(SphinxTransform):
    """Insert the line after the title of each chapter."""

    default_priority = 600

    def apply(self, **kwargs: Any) -> None:
        """Read the chapter's own notebook."""
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb" or path.parent.name != FOLDER:
            return
        chapter = read_chapter(path)
        title = next(iter(self.document.findall(nodes.title)), None)
        if title is not None:
            config = self.config
            line = head(chapter, config.course_repository, config.course_branch)
            title.parent.insert(title.parent.index(title) + 1, nodes.raw("", line, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(ChapterHead)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
