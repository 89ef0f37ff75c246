"""How long a call takes to give up, with default arguments, beside the official client.

    python -m benchmarks.giving_up [FAULT or CALL ...]

Both clients are black boxes in processes of their own (`giving_up_client.py`), whose clocks run fast. Prints
a table in Markdown, the one in docs/reliability.md.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import attrs

from tests.interop.environments import OFFICIAL_IO, ROOT, Environment, official, ours

FAULTS = {
    "503": "503 to every request",
    "html": "200 with a web page to every request",
    "token": "503 from the token endpoint",
    "refused": "connection refused",
    "silent": "connection accepted, no response",
    "half": "incomplete response, then silence",
    "unread": "connection accepted, request not read",
}
CALLS = {
    "read": "`project.get_projects`",
    "create": "`calibration.create_calibration`",
    "place": "`input.create_from_scene`",
    "upload": "`cameras.create`, at the upload of a file",
    "download": "`annotation.get_annotation_for_input`, at the download",
}
# Faults of transfers: of the token and of refused connections the rows above say all.
_TRANSFERS = {
    "upload": ("503", "html", "silent", "half", "unread"),
    "download": ("503", "html", "silent", "half"),
}
_CALLS = ("503", "html", "token", "refused", "silent", "half")


@attrs.frozen
class Outcome:
    """One failed call.

    Attributes:
        seconds: Until it raised, by the clock of the process.
        error: Class of the error.
        requests: What reached the server.
    """

    seconds: float
    error: str
    requests: int


class Handler(BaseHTTPRequestHandler):
    """Answers as the platform would up to the request that the fault is for."""

    protocol_version = "HTTP/1.1"
    fault: ClassVar[str] = ""
    at_storage: ClassVar[bool] = False
    seen: ClassVar[Counter[str]] = Counter()
    over: ClassVar[threading.Event] = threading.Event()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that the server calls

    def _answer(self) -> None:
        is_storage = self.path.startswith("/storage/")
        if self.fault == "unread" and is_storage:
            self.seen[self.fault] += 1
            self.over.wait()
            self.close_connection = True
            return
        length = self.headers.get("Content-Length")
        if length is not None:
            self.rfile.read(int(length))
        elif "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        is_token = self.path.endswith("/oauth/token")
        meant = is_token if self.fault == "token" else (is_storage if self.at_storage else not is_token)
        if meant:
            self.seen[self.fault] += 1
            self._fail()
        elif is_token:
            self._send(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 3600})
        else:
            host = self.headers["Host"]
            scene = "5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21"
            files = {"front.jpg": f"http://{host}/storage/front.jpg?signature=x"}
            annotation = {"inputUuid": scene, "requestUid": scene, "created": "2026-03-01T12:00:00.000Z"}
            annotation["uri"] = f"http://{host}/storage/annotation.json?signature=x"
            data = {"sceneUuid": scene, "internalId": scene, "files": files, **annotation}
            self._send(200, {"data": data})

    def _fail(self) -> None:
        if self.fault == "silent":
            self.over.wait()
            self.close_connection = True
        elif self.fault == "half":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"data": ')
            self.over.wait()
            self.close_connection = True
        elif self.fault == "html":
            self._send(200, "<html>log in</html>", "text/html")
        else:
            self._send(503, {"message": "away"})

    def _send(self, status: int, content: Any, kind: str = "application/json") -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def failing_server(fault: str, call: str) -> Iterator[tuple[str, Counter[str]]]:
    """A platform that has the fault; its URL, and the requests that met the fault."""
    if fault == "refused":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        yield f"http://127.0.0.1:{port}", Counter()
        return
    members: dict[str, Any] = {
        "fault": fault,
        "at_storage": call in _TRANSFERS,
        "seen": Counter(),
        "over": threading.Event(),
    }
    handler = type("Handler", (Handler,), members)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", members["seen"]
    finally:
        members["over"].set()
        server.shutdown()
        server.server_close()
        thread.join()


def measure(environment: Environment, fault: str, call: str) -> Outcome:
    """Let one client make one call that meets the fault for ever."""
    with failing_server(fault, call) as (url, seen), tempfile.TemporaryDirectory() as folder:
        script = ROOT / "benchmarks" / "giving_up_client.py"
        done = environment.run([environment.python, script, url, call, fault], cwd=Path(folder))
        if done.returncode:
            raise RuntimeError(done.stderr)
        said = json.loads(done.stdout.splitlines()[-1])
        return Outcome(said["seconds"], said["error"], seen[fault])


def main(*chosen: str) -> None:
    other, own = official(OFFICIAL_IO), ours()
    print("| Call | Fault | kognic-io 2.19.0 | this client |")
    print("| --- | --- | --- | --- |")
    for call, name in CALLS.items():
        for fault, text in FAULTS.items():
            if fault not in _TRANSFERS.get(call, _CALLS) or (chosen and not {fault, call} & {*chosen}):
                continue
            shown = [
                f"{found.seconds:.0f} s, {found.requests} requests, `{found.error}`"
                for found in (measure(other, fault, call), measure(own, fault, call))
            ]
            print(f"| {name} | {text} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
