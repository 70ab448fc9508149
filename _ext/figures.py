"""Figures: stored SVG outputs become part of the page, follow its theme and say what they show.

Also the directive `{chapter-figure} slug N`, which shows the N-th figure of a chapter elsewhere,
from the chapter's own stored output.
"""

import html
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from svg import UnsafeFigure, inline_svg

from chapters import FOLDER, joined, read_notebook

logger = logging.getLogger(__name__)
HOW_TO_NAME = (
    "say what it shows in the cell's metadata, mystnb: {image: {alt: …}}, or between the brackets "
    "of ![…](…)"
)


def has_human_alt(alt: str, uri: str) -> bool:
    """Tell words from a file's path, which is what is there if nobody wrote any."""
    alt = alt.strip()
    return bool(alt) and alt != uri and Path(alt).name != Path(uri).name and " " in alt


class InlineFigures(SphinxPostTransform):
    """Replace each local SVG image by its cleaned markup; demand words for every image."""

    default_priority = 400  # after MyST-NB chose among an output's formats
    builders = ("html", "dirhtml", "singlehtml")

    def run(self, **kwargs: Any) -> None:
        """Visit every image of the page."""
        count = 0
        for image in list(self.document.findall(nodes.image)):
            uri, alt = image["uri"], image.get("alt", "")
            if not has_human_alt(alt, uri):
                logger.warning(
                    "a figure has no alt text (%r): %s",
                    alt,
                    HOW_TO_NAME,
                    location=image,
                    type="figures",
                    subtype="alt",
                )
            if uri.endswith(".svg") and "://" not in uri:
                count += 1
                self.inline(image, Path(self.env.srcdir) / uri, f"fig{count}-", alt)

    def inline(self, image: nodes.image, path: Path, prefix: str, alt: str) -> None:
        """Put the markup in the image's place; leave the page without it if it is not safe."""
        try:
            markup = inline_svg(path.read_text(encoding="utf-8"), prefix, alt)
        except (OSError, UnsafeFigure) as error:
            logger.warning("%s: %s", path.name, error, location=image, type="figures")
            markup = f"<p>{html.escape(alt)}</p>"
        image.replace_self(nodes.raw("", f'<div class="book-figure">{markup}</div>', format="html"))


def figures_of(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (SVG, alt text) of each figure that the notebook stores, in order."""
    found = []
    for cell in notebook["cells"]:
        alt = cell.get("metadata", {}).get("mystnb", {}).get("image", {}).get("alt", "")
        for output in cell.get("outputs", []):
            stored = output.get("data", {}).get("image/svg+xml")
            if stored:
                found.append((joined(stored), alt))
    return found


class ChapterFigure(SphinxDirective):
    """Show the N-th figure of a chapter, linked to it; the content is the caption."""

    required_arguments = 2
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Read the notebook, so that the figure is always the one that the chapter shows."""
        slug, number = self.arguments
        path = Path(self.env.srcdir) / FOLDER / f"{slug}.ipynb"
        if not path.exists():
            raise self.error(f"there is no chapter {slug!r}: expected {path.name} in {FOLDER}/")
        self.env.note_dependency(str(path))
        figures = figures_of(read_notebook(path))
        if not number.isdigit() or not 1 <= int(number) <= len(figures):
            raise self.error(f"{slug} has figures 1 to {len(figures)}, not {number!r}")
        source, alt = figures[int(number) - 1]
        try:
            markup = inline_svg(source, f"{slug}-{number}-", alt)
        except UnsafeFigure as error:
            raise self.error(f"figure {number} of {slug}: {error}") from error
        caption = nodes.container(classes=["live-figure-caption"])
        self.state.nested_parse(self.content, self.content_offset, caption)
        picture = nodes.raw("", f'<div class="book-figure">{markup}</div>', format="html")
        return [nodes.container("", picture, caption, classes=["live-figure"])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform and the directive."""
    app.add_post_transform(InlineFigures)
    app.add_directive("chapter-figure", ChapterFigure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
