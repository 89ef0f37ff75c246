"""A SOCKS 5 proxy (RFC 1928) without authentication, which counts the connections that it makes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

_ADDRESS_V4, _ADDRESS_NAME = 1, 3
_REFUSED = b"\x05\x05\x00\x01" + bytes(6)
_DONE = b"\x05\x00\x00\x01" + bytes(6)


class SocksProxy:
    """Accepts connections until `close`.

    Attributes:
        url: Its address; the proxy resolves host names.
        targets: Port of each connection that it made.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"socks5h://127.0.0.1:{self._listener.getsockname()[1]}"
        self.targets: list[int] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb", buffering=0) as reader:
            reader.read(ord(reader.read(2)[1:]))
            client.sendall(b"\x05\x00")
            kind = reader.read(4)[3]
            if kind == _ADDRESS_V4:
                host = socket.inet_ntoa(reader.read(4))
            else:
                assert kind == _ADDRESS_NAME
                host = reader.read(ord(reader.read(1))).decode()
            (port,) = struct.unpack(">H", reader.read(2))
            try:
                target = socket.create_connection((host, port))
            except OSError:
                client.sendall(_REFUSED)
                return
            self.targets.append(port)
            client.sendall(_DONE)
            with target:
                back = threading.Thread(target=_pump, args=(target, client), daemon=True)
                back.start()
                _pump(client, target)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(1 << 16):
            sink.sendall(block)
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
