"""The outline of all chapters: `{outline} cards` for readers, `{outline} full` for teachers.

Finished chapters are listed in _toc.yml, those to come in _config.yml (`course_to_come`), both by
part. A finished chapter says its title, objectives, prerequisites and lengths itself; the question
that a chapter asks, and the title of one to come, are kept with its claims.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from chapter_head import lengths
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from chapters import FOLDER, Chapter, read_chapter

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
    """Show every part with its chapters."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the finished chapters and list the others."""
        full = directives.choice(self.arguments[0], ("cards", "full")) == "full"
        shown: list[nodes.Node] = []
        for part, slugs in outline(Path(self.env.srcdir), self.config.course_to_come).items():
            shown.append(nodes.rubric("", part, classes=["outline-part"]))
            items = nodes.bullet_list(classes=["outline", f"outline-{self.arguments[0]}"])
            items += [self.item(slug, full) for slug in slugs]
            shown.append(items)
        return shown

    def item(self, slug: str, full: bool) -> nodes.list_item:
        """Return one chapter's entry."""
        chapter = self.chapter(slug)
        item = nodes.list_item(classes=["outline-ready" if chapter else "outline-to-come"])
        self.state.nested_parse(
            StringList(self.markdown(slug, chapter, full).splitlines()), 0, item
        )
        return item

    def chapter(self, slug: str) -> Chapter | None:
        """Return what the finished chapter says about itself."""
        path = Path(self.env.srcdir) / FOLDER / f"{slug}.ipynb"
        self.env.note_dependency(str(path))
        return read_chapter(path) if path.exists() else None

    @staticmethod
    def markdown(slug: str, chapter: Chapter | None, full: bool) -> str:
        """Return one chapter's entry as Markdown."""
        described = claims.load().chapters[slug]
        if chapter is None:
            return f"**{described.title}** *{TO_COME}*\n\n{described.question}\n"
        link = f"{{doc}}`{chapter.title} </{FOLDER}/{chapter.slug}>`"
        lines = [f"**{link}** *{lengths(chapter)}*", "", described.question, ""]
        if full:
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
