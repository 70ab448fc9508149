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
    """Drop the link from the last chapter to the pages after it, and the one back.

    A page that stands among the chapters keeps both.
    """
    relations = app.env.collect_relations()
    before, last = relations.get(page, [None, None, None])[1], page
    while (later := relations.get(last, [None, None, None])[2]) and not is_chapter(later):
        last = later
    if later:  # a chapter follows
        return
    if is_chapter(page):
        context["next"] = None
    elif before and is_chapter(before):
        context["prev"] = None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.connect("html-page-context", stay_among_chapters)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
