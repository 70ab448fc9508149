"""What a page loads: our MathJax instead of a CDN's, each script once, no icon library."""

import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

MATHJAX = Path(__file__).resolve().parent.parent / "_vendor" / "mathjax"
ICON_SCRIPT = re.compile(r"\s*<script[^>]*/fontawesome\.js[^>]*></script>")


def load_once(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Drop the second mention of a script or style sheet, and MathJax where nothing needs it."""
    formulas = doctree is not None and any(doctree.findall(_is_formula))
    for key in ("script_files", "css_files"):
        kept = []
        for asset in dict.fromkeys(context.get(key, ())):  # equal ones once, in order
            told = f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', '')}"
            if formulas or "mathjax" not in told.casefold():
                kept.append(asset)
        context[key] = kept


def _is_formula(node: nodes.Node) -> bool:
    return isinstance(node, nodes.math | nodes.math_block)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Copy MathJax beside the pages; remove the theme's icons, which book.css draws itself."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    shutil.copytree(MATHJAX, out / "_static" / "mathjax", dirs_exist_ok=True)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        cleaned = ICON_SCRIPT.sub("", text)
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
