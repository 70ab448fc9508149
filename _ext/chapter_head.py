"""The line below a chapter's title: how long it takes, and the two ways to run it."""

import html
from pathlib import Path
from typing import Any

from address import SETUP_PAGE, colab_address
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from chapters import FOLDER, Chapter, read_chapter


def lengths(chapter: Chapter) -> str:
    """Return how long a chapter takes, in words."""
    read = f"{chapter.minutes} min to read"
    return read if chapter.seconds is None else f"{read} · {chapter.seconds} s to run"


def head(chapter: Chapter, repository: str, branch: str) -> str:
    """Return the line's markup, as seen from a page in the chapters' folder."""
    notebook = f"{FOLDER}/{chapter.slug}.ipynb"
    colab = colab_address(repository, branch, notebook) or f"../{SETUP_PAGE}"
    return (
        f'<p class="chapter-head"><span>{lengths(chapter)}</span> '
        f'<a href="{html.escape(colab)}">Open in Colab</a> '
        f'<a href="../_sources/{notebook}" download>Download the notebook</a></p>'
    )


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
