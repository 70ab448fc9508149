"""The outline of all chapters: `{outline} cards` for readers, `{outline} full` for teachers.

The list in _config.yml (`course_outline`) gives the parts, slugs, titles and questions. A chapter
whose notebook exists is finished, and tells its objectives, prerequisites and lengths itself;
every other one is marked as to come.
"""

from pathlib import Path
from typing import Any

from chapter_head import lengths
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from chapters import FOLDER, Chapter, read_chapter

TO_COME = "to come"


class Outline(SphinxDirective):
    """Show every part with its chapters."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the finished chapters and list the others."""
        full = directives.choice(self.arguments[0], ("cards", "full")) == "full"
        shown: list[nodes.Node] = []
        for part in self.config.course_outline:
            shown.append(nodes.rubric("", part["part"], classes=["outline-part"]))
            items = nodes.bullet_list(classes=["outline", f"outline-{self.arguments[0]}"])
            items += [self.item(entry, full) for entry in part["chapters"]]
            shown.append(items)
        return shown

    def item(self, entry: dict[str, str], full: bool) -> nodes.list_item:
        """Return one chapter's entry."""
        chapter = self.chapter(entry["slug"])
        item = nodes.list_item(classes=["outline-ready" if chapter else "outline-to-come"])
        self.state.nested_parse(
            StringList(self.markdown(entry, chapter, full).splitlines()), 0, item
        )
        return item

    def chapter(self, slug: str) -> Chapter | None:
        """Return what the finished chapter says about itself."""
        path = Path(self.env.srcdir) / FOLDER / f"{slug}.ipynb"
        self.env.note_dependency(str(path))
        return read_chapter(path) if path.exists() else None

    @staticmethod
    def markdown(entry: dict[str, str], chapter: Chapter | None, full: bool) -> str:
        """Return one chapter's entry as Markdown."""
        if chapter is None:
            return f"**{entry['title']}** *{TO_COME}*\n\n{entry['question']}\n"
        link = f"{{doc}}`{chapter.title} </{FOLDER}/{chapter.slug}>`"
        lines = [f"**{link}** *{lengths(chapter)}*", "", entry["question"], ""]
        if full:
            lines += ["After it, a reader can", ""]
            lines += [f"- {objective}" for objective in chapter.objectives]
        if chapter.prerequisites:
            lines += ["", f"Prerequisites: {chapter.prerequisites}"]
        return "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the list and the directive."""
    app.add_config_value("course_outline", [], "env", list)
    app.add_directive("outline", Outline)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
