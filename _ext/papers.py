"""The papers of references.bib, read once for all the extensions that speak of them."""

import functools
from pathlib import Path

from pybtex.database import Entry, parse_file


def papers(book: Path) -> dict[str, Entry]:
    """By key; none where the book has no references.bib."""
    path = book / "references.bib"
    return _read(path, path.stat().st_mtime_ns) if path.exists() else {}


@functools.lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> dict[str, Entry]:
    return dict(parse_file(str(path), bib_format="bibtex").entries)


def authors(entry: Entry) -> list[str]:
    """The last names, with "van" and the like."""
    return [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
        for person in entry.persons.get("author", ())
    ]
