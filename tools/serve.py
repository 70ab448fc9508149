"""Show the built book on localhost (`make serve`); needs what building it needs, and no more."""

import os
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BOOK = Path(__file__).resolve().parent.parent / "_build/html"


class Server(ThreadingHTTPServer):
    """A server to which a reader who leaves a page half loaded is no error."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of everything but a connection that the browser closed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder: Path, port: str) -> Server:
    """A server of a folder for this machine alone; where it cannot be, one sentence and the end."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    try:
        return Server(("127.0.0.1", int(port)), handler)
    except (OSError, OverflowError, ValueError) as error:
        raise SystemExit(
            f"Port {port} cannot be used ({error}): name another, such as make serve PORT=8001"
        ) from error


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), server(BOOK, os.environ.get("PORT") or "8000") as serving:
        address = f"http://localhost:{serving.server_port}"
        print(f"Serving the book at {address}; Ctrl-C stops.", flush=True)
        serving.serve_forever()
