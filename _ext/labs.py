"""Labs: the `> **Lab.**` call-out of a page with a `lab.js` becomes that living figure.

A chapter's stands in its folder of `sources`, that of another page in a folder of the page's name
beside it. The call-out's words stay, and so does its image: on paper, and where no script runs. The
module and what all labs share are served from the book itself, on the pages alone that have one.
"""

import hashlib
import html
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chapters import FOLDER
from utils.labs import element_name, title_of

logger = logging.getLogger(__name__)
SHARED = Path("_static/labs")
LAB = "Lab."


def folder_of(docname: str) -> Path:
    """Return where a page's lab lies, from the root."""
    slug = docname.removeprefix(f"{FOLDER}/")
    return Path(docname) if slug == docname else Path("sources", slug)


def opening_tag(name: str, title: str) -> str:
    """Return what stands before the static figure."""
    return f'<{name} data-title="{html.escape(title)}"><div class="lab-static">'


def closing_tags(name: str, folder: Path, shared: str) -> str:
    """Return what stands after it: the stored data, the end of the element, and its module."""
    stored = folder / "lab.json"
    data = ""
    if stored.exists():
        packed = json.dumps(json.loads(stored.read_text(encoding="utf-8")), separators=(",", ":"))
        packed = packed.replace("<", "\\u003c")  # which would end the script
        data = f'<script type="application/json">{packed}</script>'
    code = (folder / "lab.js").read_bytes()
    version = hashlib.sha256(code).hexdigest()[:8]
    return (
        f"</div>{data}</{name}>"
        f'<link rel="stylesheet" href="{shared}/labs.css">'
        f'<script type="module" src="{shared}/{folder.name}/lab.js?v={version}"></script>'
    )


class Labs(SphinxTransform):
    """Put the image of each lab's call-out into the lab's element."""

    default_priority = 510  # after the call-outs

    def apply(self, **kwargs: Any) -> None:
        """Visit the call-outs of a page that has a module."""
        folder = Path(self.env.srcdir) / folder_of(self.env.docname)
        boxes = [
            box
            for box in self.document.findall(nodes.container)
            if "callout-lab" in box.get("classes", ())
        ]
        if not boxes or not (folder / "lab.js").exists():
            return
        for name in ("lab.js", "lab.json"):
            self.env.note_dependency(str(folder / name))
        shared = "../" * self.env.docname.count("/") + SHARED.as_posix()
        for box in boxes:
            self.enliven(box, folder, shared)

    def enliven(self, box: nodes.container, folder: Path, shared: str) -> None:
        """Wrap the image; a call-out without a title or an image is named."""
        words = box.astext().removeprefix(LAB)
        image = next(box.findall(nodes.image), None)
        title = title_of(words.partition("\n\n")[0])
        if title is None or image is None:
            logger.warning(
                "a lab needs a title and a static figure: > **Lab.** Title. What to try. and then, "
                "after an empty line of the quotation, > ![what it shows](…/lab.svg)",
                location=box,
                type="labs",
            )
            return
        name = element_name(title)
        box["ids"].append(name)
        holder = next(child for child in box.children if image in child.findall(nodes.image))
        box.replace(
            holder,
            [
                nodes.raw("", opening_tag(name, title), format="html"),
                image,
                nodes.raw("", closing_tags(name, folder, shared), format="html"),
            ],
        )


def load_nowhere_else(app: Sphinx, config: Config) -> None:
    """Take the modules from the list of scripts for every page: Jupyter Book lists all it finds."""
    for listed in (config.html_js_files, config.html_css_files):
        listed[:] = [
            (name, attributes)
            for name, attributes in listed
            if not name.startswith(f"{SHARED.name}/")
        ]


def copy_modules(app: Sphinx, exception: Exception | None) -> None:
    """Put each page's module beside what all share."""
    if exception or app.builder.format != "html":
        return
    root = Path(app.srcdir)
    for module in (*root.glob("sources/*/lab.js"), *root.glob("pages/*/lab.js")):
        place = Path(app.outdir) / SHARED / module.parent.name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, place)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform and the events."""
    app.add_transform(Labs)
    app.connect("config-inited", load_nowhere_else, priority=900)
    app.connect("build-finished", copy_modules)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
