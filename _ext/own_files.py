"""Scripts and styles of an extension, loaded once: Jupyter Book lists all of _static by itself."""

from collections.abc import Callable

from sphinx.application import Sphinx
from sphinx.config import Config


def load_own(*names: str) -> Callable[[Sphinx, Config], None]:
    """What an extension connects to `config-inited` so that its files are loaded in any book."""

    def load(app: Sphinx, config: Config) -> None:
        for name in names:
            if name.endswith(".css") and name not in config.html_css_files:
                app.add_css_file(name)
            if name.endswith(".js") and name not in config.html_js_files:
                app.add_js_file(name, loading_method="defer")

    return load
