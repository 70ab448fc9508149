"""Everything that depends on the public address; while none is set, nothing points at a dead one.

`repository: url:` in _config.yml is the address. Set, it gives the theme's repository and launch
buttons, the address of the pages (GitHub Pages, unless `html: baseurl:` says otherwise), and the
sitemap. Where it is unset, or not on GitHub, which alone Colab reads, the Colab links lead to the
setup page, which says what to do.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config

UNSET = "/-unset-/"
COLAB = "https://colab.research.google.com"
SETUP_PAGE = "pages/setup.html#colab"
HAVE_ICONS = ("github", "gitlab", "bitbucket")
"""The hosts whose repositories the theme can show a button for."""


def is_set(repository: str) -> bool:
    """Tell whether the course has a public address yet."""
    return bool(repository) and UNSET not in repository


def pages_address(repository: str) -> str:
    """Return where GitHub Pages shows a repository's book; empty for other hosts."""
    parts = urlsplit(repository)
    path = parts.path.strip("/").removesuffix(".git").split("/")
    if parts.hostname != "github.com" or len(path) != 2:
        return ""
    owner, name = path
    root = f"https://{owner.lower()}.github.io/"
    return root if name.lower() == f"{owner.lower()}.github.io" else f"{root}{name}/"


def colab_address(repository: str, branch: str, notebook: str) -> str | None:
    """Return the address that opens a notebook in Colab, or None while there is none."""
    parts = urlsplit(repository)
    if not is_set(repository) or parts.hostname != "github.com":
        return None
    path = parts.path.strip("/").removesuffix(".git")
    return f"{COLAB}/github/{path}/blob/{branch}/{notebook}"


def settle_address(app: Sphinx, config: Config) -> None:
    """Give the theme the address, or keep it from making one up."""
    options = config.html_theme_options
    repository = options.get("repository_url", "")
    branch = options.get("repository_branch", "main")
    config.course_repository, config.course_branch = repository, branch
    if is_set(repository):
        config.html_baseurl = config.html_baseurl or pages_address(repository)
    host = urlsplit(repository).hostname or ""
    if is_set(repository) and any(name in host for name in HAVE_ICONS):
        options["use_repository_button"] = True
    else:
        options.pop("repository_url", None)
    if not colab_address(repository, branch, ""):
        options.pop("launch_buttons", None)


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """List the pages for search engines, which need absolute addresses."""
    if exception or app.builder.name != "html" or not app.config.html_baseurl:
        return
    base = app.config.html_baseurl.rstrip("/")
    pages = (app.builder.get_target_uri(name) for name in sorted(app.env.found_docs))
    entries = "\n".join(f"  <url><loc>{base}/{page}</loc></url>" for page in pages)
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}\n</urlset>\n',
        encoding="utf-8",
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the events; before the theme reads its options."""
    app.add_config_value("course_repository", "", "html", str)
    app.add_config_value("course_branch", "main", "html", str)
    app.connect("config-inited", settle_address, priority=100)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
