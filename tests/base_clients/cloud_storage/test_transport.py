"""Connections to storage, seen from the other end."""

from __future__ import annotations

import gc
import socket

from kognic.base_clients.cloud_storage import FileResourceClient
from kognic.base_clients.cloud_storage.upload_spec import UploadSpec
from tests.base_clients.scripted_server import ScriptedServer, answer


def connections_to(port: int) -> list[socket.socket]:
    """Sockets of this process that lead to a port."""
    found = []
    for candidate in gc.get_objects():
        if isinstance(candidate, socket.socket) and candidate.fileno() >= 0:
            try:
                name = candidate.getpeername()
            except OSError:
                continue
            if isinstance(name, tuple) and name[1] == port:
                found.append(candidate)
    return found


def test_closing_closes_the_idle_connections(server: ScriptedServer) -> None:
    """A closed client keeps no socket, though it is still referred to."""
    server.default = answer(200)
    port = int(server.url.rpartition(":")[2])
    files = FileResourceClient(max_connections=4)
    files.upload_files(
        {f"f{n}": UploadSpec(f"{server.url}/bucket/{n}?sig=s", "image/png", data=b"x") for n in range(8)}
    )
    ours = {id(connection) for connection in connections_to(port)}
    assert ours

    files.close()

    assert ours.isdisjoint(id(connection) for connection in connections_to(port))
