"""Every test of the server runs without connections; here is the proof that they are cut."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

CONNECT = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
LOOK_UP = "import socket; socket.getaddrinfo('localhost', 80)"


def test_this_process_can_not_connect() -> None:
    with pytest.raises(PermissionError, match="no connections"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    with socket.socket() as listener, pytest.raises(PermissionError, match="no connections"):
        listener.bind(("127.0.0.1", 0))


@pytest.mark.parametrize("code", [CONNECT, LOOK_UP], ids=["connect", "look up"])
def test_processes_that_a_test_starts_can_not_connect(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "PermissionError: the tests of the server open no connections" in done.stderr


@pytest.mark.loopback
def test_where_a_test_plays_the_server_only_its_own_machine_is_in_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=1).close()
    with pytest.raises(PermissionError, match="no connections"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(PermissionError, match="no connections"):
        socket.getaddrinfo("example.org", 80)
    done = subprocess.run([sys.executable, "-c", LOOK_UP], capture_output=True, text=True, check=False)
    assert "PermissionError: the tests of the server open no connections" in done.stderr
