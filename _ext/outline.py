"""The outline of all chapters: `{outline} path` for readers, `{outline} full` for teachers.

Finished chapters are listed in _toc.yml, those to come in _config.yml (`course_to_come`), both by
part. A finished chapter says its title, objectives, prerequisites and lengths itself; the question
that a chapter asks, and the title of one to come, are kept with its claims.
"""

import html
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from effort import told
from figures import figures_of
from miniature import miniature
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from chapters import FOLDER, Chapter, read_chapter, read_notebook

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from utils import claims

TO_COME = "to come"


def outline(source: Path, to_come: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Each part of the book with the slugs of its chapters, those to come after the finished."""
    contents = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))
    parts = {
        part["caption"]: [
            Path(entry["file"]).name
            for entry in part["chapters"]
            if Path(entry["file"]).parent.name == FOLDER
        ]
        for part in contents["parts"]
    }
    for part in to_come:
        parts.setdefault(part["part"], []).extend(part["chapters"])
    return {part: slugs for part, slugs in parts.items() if slugs}


class Outline(SphinxDirective):
    """Show every part with its chapters, or the way through the finished ones with pictures."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the finished chapters and list the others."""
        full = directives.choice(self.arguments[0], ("path", "full")) == "full"
        parts = outline(Path(self.env.srcdir), self.config.course_to_come)
        if not full:
            return self.path([slug for slugs in parts.values() for slug in slugs])
        shown: list[nodes.Node] = []
        for part, slugs in parts.items():
            shown.append(nodes.rubric("", part, classes=["outline-part"]))
            items = nodes.bullet_list(classes=["outline", "outline-full"])
            items += [self.item(slug) for slug in slugs]
            shown.append(items)
        return shown

    def path(self, slugs: list[str]) -> list[nodes.Node]:
        """Return the finished chapters in order, each with a picture; the others in one line."""
        ready = [chapter for chapter in map(self.chapter, slugs) if chapter is not None]
        steps = "".join(self.step(chapter) for chapter in ready)
        titles = [claims.load().chapters[slug].title or slug for slug in slugs]
        finished = {chapter.slug for chapter in ready}
        coming = [title for slug, title in zip(slugs, titles, strict=True) if slug not in finished]
        line = f'<p class="path-to-come">To come: {html.escape(", ".join(coming))}.</p>'
        markup = f'<ol class="path">{steps}</ol>{line if coming else ""}'
        return [nodes.raw("", markup, format="html")]

    def step(self, chapter: Chapter) -> str:
        """Return a chapter as a card: its first figure in small, title, question and minutes."""
        place = Path(self.env.srcdir) / FOLDER / f"{chapter.slug}.ipynb"
        figures = figures_of(read_notebook(place))
        picture = miniature(figures[0].wide, f"{chapter.slug}-") if figures else ""
        href = self.env.app.builder.get_relative_uri(self.env.docname, f"{FOLDER}/{chapter.slug}")
        question = html.escape(claims.load().chapters[chapter.slug].question)
        return (
            f'<li class="path-step"><a href="{href}"><span class="path-picture">{picture}</span>'
            f"<strong>{html.escape(chapter.title)}</strong></a><span>{question}</span>"
            f"<em>{chapter.minutes.reading} min to read</em></li>"
        )

    def item(self, slug: str) -> nodes.list_item:
        """Return one chapter's entry."""
        chapter = self.chapter(slug)
        item = nodes.list_item(classes=["outline-ready" if chapter else "outline-to-come"])
        self.state.nested_parse(StringList(self.markdown(slug, chapter).splitlines()), 0, item)
        return item

    def chapter(self, slug: str) -> Chapter | None:
        """Return what the finished chapter says about itself."""
        path = Path(self.env.srcdir) / FOLDER / f"{slug}.ipynb"
        self.env.note_dependency(str(path))
        return read_chapter(path) if path.exists() else None

    @staticmethod
    def markdown(slug: str, chapter: Chapter | None) -> str:
        """Return one chapter's entry as Markdown."""
        described = claims.load().chapters[slug]
        if chapter is None:
            return f"**{described.title}** *{TO_COME}*\n\n{described.question}\n"
        link = f"{{doc}}`{chapter.title} </{FOLDER}/{chapter.slug}>`"
        lines = [
            f"**{link}** *{told(chapter.minutes, chapter.seconds)}*",
            "",
            described.question,
            "",
        ]
        lines += ["After it, a reader can", ""]
        lines += [f"- {objective}" for objective in chapter.objectives]
        if chapter.prerequisites:
            lines += ["", f"Prerequisites: {chapter.prerequisites}"]
        return "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the list and the directive."""
    app.add_config_value("course_to_come", [], "env", list)
    app.add_directive("outline", Outline)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
