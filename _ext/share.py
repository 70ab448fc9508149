"""The share picture: what stands beside a link to a chapter, or to the book, where it is shared.

Made only where the book has a public address, for others fetch a picture by its whole address. A
chapter shows its most telling claim with the strips behind the word; the door what it puts to the
vote. Everything comes from the stored verdicts.
"""

from pathlib import Path

from ledger import settled_claims
from share_layout import chapter_picture, door_picture, most_telling, told, told_shortly
from share_png import HEIGHT, WIDTH, Picture, png
from sphinx.application import Sphinx
from votes import answer_of, headline, voted

from chapters import FOLDER

PICTURES = "_share"


def picture_of(app: Sphinx, page: str, title: str) -> Picture | None:
    """The picture of a page, None where it has no verdict to show."""
    book, found = app.config.html_title, settled_claims(app.env)
    if page == app.config.root_doc:
        asked = [found[claim][1] for claim in voted(app.env, page) if claim in found]
        shown = [told_shortly(settled) for settled in asked if answer_of(settled)]
        said = headline(settled for _, settled in found.values())
        return door_picture(book, said, shown) if shown else None
    if not page.startswith(f"{FOLDER}/"):
        return None
    claim = most_telling(settled for where, settled in found.values() if where == page)
    return chapter_picture(book, title, told(claim)) if claim else None


def share(app: Sphinx, page: str, title: str) -> dict[str, str]:
    """Write the picture of a page, and return what the page's head says of it."""
    picture = picture_of(app, page, title)
    if picture is None:
        return {}
    path = Path(app.outdir, PICTURES, f"{Path(page).name}.png")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(png(picture))
    return {
        "og:image": f"{app.config.html_baseurl.rstrip('/')}/{PICTURES}/{path.name}",
        "og:image:type": "image/png",
        "og:image:width": f"{WIDTH}",
        "og:image:height": f"{HEIGHT}",
        "og:image:alt": picture.alt,
        "twitter:card": "summary_large_image",
    }
