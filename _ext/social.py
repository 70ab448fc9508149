"""What a page says when someone shares a link to it; with an address, a picture too (share.py)."""

import html
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LONGEST = 200


def description(doctree: nodes.document) -> str:
    """Return the page's opening words, whole sentences where they fit."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text) > 40:
            return shortened(text)
    return ""


def shortened(text: str) -> str:
    """Cut after the last sentence that fits, or else after the last word."""
    if len(text) <= LONGEST:
        return text
    start = text[:LONGEST]
    sentence = start.rfind(". ")
    return start[: sentence + 1] if sentence > LONGEST // 3 else start.rsplit(" ", 1)[0] + " …"


def add_tags(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Add the tags to the page's head; `description` in a page's front matter goes first."""
    if doctree is None:
        return
    meta = context.get("meta") or {}
    title = next(iter(doctree.findall(nodes.title)), None)
    tags = {
        "og:title": title.astext() if title else app.config.html_title,
        "og:type": "website" if page == app.config.root_doc else "article",
        "og:site_name": app.config.html_title,
        "og:description": meta.get("description") or description(doctree),
    }
    if app.config.html_baseurl:
        from share import share  # not above: without an address nothing is drawn, by no library

        base = app.config.html_baseurl.rstrip("/")
        tags["og:url"] = f"{base}/{app.builder.get_target_uri(page)}"
        tags |= share(app, page, tags["og:title"])
    lines = [
        f'<meta {"property" if name.startswith("og:") else "name"}="{name}" '
        f'content="{html.escape(value)}" />'
        for name, value in tags.items()
        if value
    ]
    if tags["og:description"]:
        lines.append(f'<meta name="description" content="{html.escape(tags["og:description"])}" />')
    context["metatags"] = context.get("metatags", "") + "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the event."""
    app.connect("html-page-context", add_tags)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
