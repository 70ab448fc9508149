"""Figures: stored SVG outputs become part of the page, follow its theme and say what they show.

Each has a number within its chapter, an anchor and, from its cell's `mystnb: {figure: …}`, a
caption. Where a narrow form is stored, phones show that one. The script enlarges what is tapped.

Also the directive `{chapter-figure} slug N`, which shows the N-th figure of a chapter elsewhere,
from the chapter's own stored output.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from own_files import load_own
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from svg import UnsafeFigure, inline_svg

from chapters import FOLDER, joined, read_notebook

logger = logging.getLogger(__name__)
WIDE, NARROW = "image/svg+xml", "application/vnd.course.narrow+svg"
HOW_TO_NAME = (
    "say what it shows in the cell's metadata, mystnb: {image: {alt: …}}, or between the brackets "
    "of ![…](…)"
)


def has_human_alt(alt: str, uri: str) -> bool:
    """Tell words from a file's path, which is what is there if nobody wrote any."""
    alt = alt.strip()
    return bool(alt) and alt != uri and Path(alt).name != Path(uri).name and " " in alt


@dataclass(frozen=True)
class Stored:
    """A figure as a notebook stores it; `narrow` is empty where there is only one form."""

    wide: str
    narrow: str
    alt: str


def figures_of(notebook: dict[str, Any]) -> list[Stored]:
    """Return the figures that the notebook stores, in order."""
    found = []
    for cell in notebook["cells"]:
        alt = cell.get("metadata", {}).get("mystnb", {}).get("image", {}).get("alt", "")
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDE in data:
                found.append(Stored(joined(data[WIDE]), joined(data.get(NARROW, "")), alt))
    return found


def drawn(figure: Stored, prefix: str) -> str:
    """Return the figure as markup for the page, in both its forms where it has them."""
    wide = inline_svg(figure.wide, prefix, figure.alt)
    if not figure.narrow:
        return f'<div class="book-figure"><div class="figure-wide">{wide}</div></div>'
    narrow = inline_svg(figure.narrow, f"{prefix}n-", figure.alt)
    return (
        f'<div class="book-figure figure-in-two-forms"><div class="figure-wide">{wide}</div>'
        f'<div class="figure-narrow">{narrow}</div></div>'
    )


class InlineFigures(SphinxPostTransform):
    """Replace each local SVG image by its cleaned markup; demand words for every image."""

    default_priority = 400  # after MyST-NB chose among an output's formats
    builders = ("html", "dirhtml", "singlehtml")

    def run(self, **kwargs: Any) -> None:
        """Visit every image of the page."""
        narrow = self.narrow_forms()
        count = 0
        numbers: dict[str, int] = {}
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
                place = _figure_around(image) if _is_output(image) else None
                self.inline(image, Path(self.env.srcdir) / uri, f"fig{count}-", alt, narrow)
                if place is not None:
                    number = len(numbers) + 1
                    numbers[_numbered(place, number)] = number
        self.check_links(numbers)

    def narrow_forms(self) -> dict[str, str]:
        """Return the narrow form of each wide figure of this page's notebook."""
        path = Path(self.env.doc2path(self.env.docname))
        if path.suffix != ".ipynb":
            return {}
        return {_lines(stored.wide): stored.narrow for stored in figures_of(read_notebook(path))}

    def inline(
        self, image: nodes.image, path: Path, prefix: str, alt: str, narrow: dict[str, str]
    ) -> None:
        """Put the markup in the image's place; leave the page without it if it is not safe."""
        try:
            wide = path.read_text(encoding="utf-8")
            markup = drawn(Stored(wide, narrow.get(_lines(wide), ""), alt), prefix)
        except (OSError, UnsafeFigure) as error:
            logger.warning("%s: %s", path.name, error, location=image, type="figures")
            markup = f"<p>{html.escape(alt)}</p>"
        image.replace_self(nodes.raw("", markup, format="html"))

    def check_links(self, numbers: dict[str, int]) -> None:
        """Find the links "Figure 3" that lead to a figure of another number."""
        for link in self.document.findall(nodes.reference):
            said = re.fullmatch(r"Figure (\d+)", link.astext())
            number = numbers.get(link.get("refid", ""))
            if said and number and int(said[1]) != number:
                logger.warning(
                    "the link %r leads to figure %d (#%s)",
                    link.astext(),
                    number,
                    link["refid"],
                    location=link,
                    type="figures",
                )


def _lines(text: str) -> str:
    """Text as MyST-NB writes it to a file."""
    return "\n".join(text.splitlines())


def _is_output(image: nodes.image) -> bool:
    node: nodes.Node | None = image
    while node is not None:
        if isinstance(node, nodes.Element) and "cell_output" in node.get("classes", ()):
            return True
        node = node.parent
    return False


def _figure_around(image: nodes.image) -> nodes.figure:
    """Return the figure that holds the image: its cell's, or one made for it."""
    if isinstance(image.parent, nodes.figure):
        return image.parent
    figure = nodes.figure()
    image.replace_self(figure)
    figure += image
    return figure


def _numbered(figure: nodes.figure, number: int) -> str:
    """Write the number before the caption; return the figure's anchor."""
    if not figure["ids"]:
        figure["ids"].append(f"fig-{number}")
    captions = list(figure.findall(nodes.caption))
    if not captions:
        captions = [nodes.caption()]
        figure += captions[0]
    captions[0].insert(0, nodes.inline("", f"Figure {number}", classes=["figure-number"]))
    return str(figure["ids"][0])


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
        try:
            markup = drawn(figures[int(number) - 1], f"{slug}-{number}-")
        except UnsafeFigure as error:
            raise self.error(f"figure {number} of {slug}: {error}") from error
        caption = nodes.container(classes=["live-figure-caption"])
        self.state.nested_parse(self.content, self.content_offset, caption)
        picture = nodes.raw("", markup, format="html")
        return [nodes.container("", picture, caption, classes=["live-figure"])]


def pass_over_narrow(app: Sphinx, config: Config) -> None:
    """Let MyST-NB pass over the narrow form without a word."""
    config.suppress_warnings.append("mystnb.unknown_mime_type")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform, the directive, and the page's script and style."""
    app.add_post_transform(InlineFigures)
    app.add_directive("chapter-figure", ChapterFigure)
    app.connect("config-inited", pass_over_narrow)
    app.connect("config-inited", load_own("figures.css", "figures.js"))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
