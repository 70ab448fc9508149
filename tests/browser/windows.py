"""Windows of the browser, handed on from test to test: to open one takes longer than most tests.

Who gets one finds an empty page, no storage, the size that was asked for and the mouse outside.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route

# What a page remembers when it goes elsewhere. Whoever asks for it is the window's last visitor.
LASTING = ("add_init_script", "add_locator_handler", "emulate_media", "on", "once", "route")
LASTING += ("expose_binding", "expose_function", "set_default_timeout", "set_extra_http_headers")
FORGET = """if (location.protocol !== "about:") addEventListener("pagehide", () => {
    localStorage.clear(); // after the page's own last words
    sessionStorage.clear();
})"""


class Window:
    """A page in a context of its own; what happens in it is told to its visitor of the moment."""

    served: Callable[[Route], None]

    def __init__(self, browser: Browser, served: bool, **wanted) -> None:
        """Open it; with `served` every request is answered by the visitor."""
        context = browser.new_context(**wanted)
        if served:
            context.route("**/*", lambda route: self.served(route))
        self.page = context.new_page()
        self.size = self.page.viewport_size
        self.again = True
        self.heard: Callable[[str], None] = str
        self.asked: Callable[[Request], object] = id
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.heard(str(error)))
        self.page.on("request", lambda request: self.asked(request))
        for name in LASTING:
            self._watch(self.page, name)
        for name in ("new_cdp_session", "grant_permissions", "set_offline", *LASTING):
            self._watch(context, name)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard(message.text)

    def _watch(self, owner: object, name: str) -> None:
        """Do as before when this is called, but have no visitor after it."""
        method = getattr(owner, name, None)

        def called(*args: object, **settings: object) -> object:
            self.again = False
            return method(*args, **settings)

        if method is not None:
            setattr(owner, name, called)

    def leave(self) -> bool:
        """Make it as it was when it was new, or close it; whether it can be used again."""
        page: Page = self.page
        if not self.again or page.is_closed() or len(page.context.pages) > 1:
            page.context.close()
            return False
        page.evaluate(FORGET)
        page.context.clear_cookies()
        page.goto("about:blank")
        page.mouse.move(-1, -1)
        if page.viewport_size != self.size:
            page.set_viewport_size(self.size)
        return True


_free: defaultdict[tuple[Browser, str], list[Window]] = defaultdict(list)


@contextmanager
def window(browser: Browser, served: bool = False, **wanted) -> Iterator[Window]:
    """A window of the kind that is wanted: Playwright's settings of a context."""
    free = _free[browser, repr((served, sorted(wanted.items())))]
    found = free.pop() if free else Window(browser, served, **wanted)
    yield found
    if found.leave():
        free.append(found)
