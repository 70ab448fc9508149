"""What comes before and after a page: "Next" at the end of the last chapter is no other page."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from chapters import FOLDER


def is_chapter(page: str) -> bool:
    """Whether a page is one of the book's chapters."""
    return page.startswith(f"{FOLDER}/")


def stay_among_chapters(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Drop the link from the last chapter to the pages after it, and the one back."""
    _, before, following = app.env.collect_relations().get(page, [None, None, None])
    if is_chapter(page) and following and not is_chapter(following):
        context["next"] = None
    if not is_chapter(page) and before and is_chapter(before):
        context["prev"] = None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.connect("html-page-context", stay_among_chapters)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
