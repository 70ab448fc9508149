"""What a page loads: scripts once and without waiting for them, no icon library, fonts early."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

ICON_SCRIPT = re.compile(r"\s*<script[^>]*/fontawesome\.js[^>]*></script>")
SEARCH_SCRIPT = re.compile(
    r"\s*<script[^>]*/?(?:searchtools|searchindex|language_data)\.js[^>]*></script>"
)
BLOCKING_SCRIPT = re.compile(r"<script(?= src=)(?![^>]*(?:defer|async|documentation_options))")
FIRST_FONTS = ("course-serif", "course-sans")
"""What the top of every page is set in."""


def load_once(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Drop the second mention of a script or style sheet; ask for the first fonts at once."""
    for key in ("script_files", "css_files"):
        context[key] = list(dict.fromkeys(context.get(key, ())))  # equal ones once, in order
    to = context["pathto"]
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<link rel="preload" as="font" type="font/woff2" crossorigin href="{address}">'
        for address in (to(f"_static/fonts/{name}.woff2", resource=True) for name in FIRST_FONTS)
    )


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Remove the theme's icons, which book.css draws itself, and the search where none is."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        cleaned = BLOCKING_SCRIPT.sub("<script defer", ICON_SCRIPT.sub("", text))
        if page.name != "search.html":
            cleaned = SEARCH_SCRIPT.sub("", cleaned)
        if cleaned != text:
            page.write_text(cleaned, encoding="utf-8")
    static = out / "_static"
    for unused in (*static.glob("scripts/fontawesome.js*"), *static.glob("*webpack-macros.html")):
        unused.unlink()
    shutil.rmtree(static / "vendor" / "fontawesome", ignore_errors=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the events; after the theme has added its own."""
    # Jupyter Book sets it for an extension that we drop.
    app.add_config_value("comments_config", {}, "", dict)
    app.connect("html-page-context", load_once, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
