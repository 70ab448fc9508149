"""What the book's tests share: the extensions, the built pages, and small books of one page."""

import io
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "_ext"))


@pytest.fixture(scope="session")
def built() -> Path:
    if not (BUILT / "index.html").exists():
        pytest.fail("there is no built book in _build/html: run `make book` first")
    return BUILT


@pytest.fixture(scope="session")
def pages(built) -> dict[str, BeautifulSoup]:
    """Every page of the built book by its path."""
    return {
        path.relative_to(built).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(built.rglob("*.html"))
    }


@pytest.fixture
def small_book(tmp_path):
    """Builds a book of the given files with some of our extensions; a warning means it fails."""

    def build(files: dict[str, str], extensions: list[str], *, fails=False, **config) -> "Small":
        source, out = tmp_path / "source", tmp_path / "html"
        for name, text in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        settings = {
            "extensions": ["myst_nb", *extensions],
            "nb_execution_mode": "off",
            "html_theme": "basic",
            "html_title": "A book",
            "html_sourcelink_suffix": "",
            "myst_enable_extensions": ["dollarmath"],
            **config,
        }
        complaints = io.StringIO()
        with docutils_namespace():
            Sphinx(
                source,
                None,
                out,
                tmp_path / "doctrees",
                "html",
                confoverrides=settings,
                status=None,
                warning=complaints,
                freshenv=True,
            ).build()
        said = complaints.getvalue()
        assert bool(said) == fails, said
        return Small(out, said)

    return build


class Small:
    """A small built book and what the build complained about."""

    def __init__(self, out: Path, complaints: str):
        self.out, self.complaints = out, complaints

    def page(self, name: str = "index.html") -> BeautifulSoup:
        return BeautifulSoup((self.out / name).read_text(encoding="utf-8"), "html.parser")
