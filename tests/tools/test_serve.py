import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.serve import Server, server


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Server]:
    """A server of one large file, on a port that is free."""
    (tmp_path / "large").write_bytes(b"0" * 50_000_000)
    with server(tmp_path, "0") as serving:
        serving.daemon_threads = False  # so that closing waits for what is being answered
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


@pytest.mark.parametrize("port", ["80000", "eight"])
def test_a_port_that_is_none_is_refused_with_one_that_is(tmp_path: Path, port: str) -> None:
    with pytest.raises(SystemExit, match=rf"Port {port} cannot .* make serve PORT=8001"):
        server(tmp_path, port)


def test_a_port_that_is_taken_is_refused_with_the_way_to_another(
    serving: Server, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=r"already in use\): .* make serve PORT=8001"):
        server(tmp_path, str(serving.server_port))


def test_a_browser_that_hangs_up_is_not_told_of(
    serving: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(serving.server_address) as browser:
        browser.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        assert browser.recv(12) == b"HTTP/1.0 200"
        at_once = struct.pack("ii", 1, 0)  # close with a reset, as a browser that is quit
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    serving.shutdown()
    serving.server_close()
    assert capsys.readouterr().err.splitlines()[1:] == []
