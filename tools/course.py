"""Where things lie in the course, and what its few shared files say."""

import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from nbformat import NotebookNode

from tools.markup import title

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it was compiled
UNSET_ADDRESS = "https://github.com/-unset-/training-neural-networks"


class CourseError(Exception):
    """Something in the course's files that a person has to put right; the message says what."""


@dataclass(frozen=True)
class Course:
    """A checkout of the course, by its root folder."""

    root: Path

    @property
    def slugs(self) -> list[str]:
        """The chapters that have a source, sorted."""
        return sorted(path.parent.name for path in (self.root / "sources").glob("*/chapter.md"))

    def source(self, slug: str) -> Path:
        """The file in which a chapter is written."""
        return self.root / "sources" / slug / "chapter.md"

    def chapter(self, slug: str) -> Path:
        """The executed notebook that `make notebooks` writes."""
        return self.root / "chapters" / f"{slug}.ipynb"

    @property
    def address(self) -> str:
        """The public repository's address in _config.yml, or one that no one can register."""
        return str(self.yaml("_config.yml").get("repository", {}).get("url") or UNSET_ADDRESS)

    @property
    def contents(self) -> set[str]:
        """The files of the table of contents, without their endings."""
        return set(_files(self.yaml("_toc.yml")))

    @property
    def to_come(self) -> list[str]:
        """The chapters that _config.yml announces."""
        config = self.yaml("_config.yml").get("sphinx", {}).get("config", {})
        return [slug for part in config.get("course_to_come", ()) for slug in part["chapters"]]

    def yaml(self, name: str) -> Any:
        """The content of a YAML file, an empty mapping where there is none."""
        path = self.root / name
        if not path.exists():
            return {}
        try:
            return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER) or {}
        except yaml.YAMLError as error:
            raise CourseError(f"{name} is not valid YAML: {error}") from error

    def pins(self) -> dict[str, str]:
        """Package name -> pinned version, from requirements.txt."""
        path = self.root / "requirements.txt"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE))


def _files(node: object) -> list[str]:
    """Every `file:` and `root:` anywhere in the table of contents."""
    if isinstance(node, list):
        return [name for item in node for name in _files(item)]
    if not isinstance(node, dict):
        return []
    own = [value for key, value in node.items() if key in ("file", "root")]
    return own + [name for value in node.values() for name in _files(value)]


HERE = Course(Path(__file__).resolve().parent.parent)


def read_source(path: Path) -> NotebookNode:
    """A chapter's source as a notebook without outputs."""
    name = f"sources/{path.parent.name}/{path.name}"
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except Exception as error:  # jupytext raises whatever YAML or its parser raised
        raise CourseError(f"{name} cannot be read as md:myst: {error}") from error
    if not notebook.cells:
        raise CourseError(f"{name} is empty: expected a chapter in md:myst")
    for cell in notebook.cells:
        if cell.cell_type == "code" and title(cell.source):
            cell.metadata["cellView"] = "form"  # Colab shows the title in the code's place
    return notebook


def read_notebook(path: Path) -> NotebookNode:
    """A stored notebook."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise CourseError(
            f"there is no chapters/{path.name}: make notebooks CH={path.stem}"
        ) from error
    except (json.JSONDecodeError, nbformat.reader.NotJSONError, UnicodeDecodeError) as error:
        raise CourseError(
            f"{path.name} is not a notebook (a merge conflict?): write it anew with "
            f"make notebooks CH={path.stem}"
        ) from error


def write_notebook(notebook: NotebookNode, path: Path) -> bool:
    """Write a notebook in one step; False where the file said exactly this already."""
    nbformat.validate(notebook)
    text = notebook_text(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_text(text, path)
    return True


def notebook_text(notebook: NotebookNode) -> str:
    """A notebook as it stands in its file."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def write_text(text: str, path: Path) -> None:
    """Replace a text file in one step."""
    write_bytes(text.encode("utf-8"), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Replace a file in one step, so that an interruption leaves the old one whole."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
