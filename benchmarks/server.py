"""A neutral, fast stand-in for the platform, so that a benchmark measures the client and not a server.

It answers just the calls that the benchmarks make, from bytes prepared in advance, keeps connections alive,
and can hold every answer back for some milliseconds (the latency of a distant platform). Files go to
`--storage`, and annotations come from there; without it, the server hands out annotations of its own. `GET
/_stats` tells the processor time that it has used. It knows nothing of either client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

NOW = "2026-01-31T12:00:00.000000Z"
BUFFER = memoryview(bytearray(1 << 20))
OBJECT = 307
"""Bytes of JSON that one object of an annotation takes."""


def annotation(size: int) -> bytes:
    """An annotation of about so many bytes."""
    objects = {}
    frame = {}
    for n in range(max(1, size // OBJECT)):
        key = str(uuid.UUID(int=n))
        objects[key] = {"name": f"car-{n}", "type": "Car"}
        frame[key] = {
            "object_data": {
                "cuboid": [
                    {
                        "name": f"c{n}",
                        "val": [n + 0.123456, 2.5, 0.25, 0.0, 0.0, 0.70710678, 0.70710678, 1.8, 4.1, 1.4],
                        "attributes": {"text": [{"name": "stream", "val": "lidar"}]},
                    }
                ]
            }
        }
    document = {
        "openlabel": {
            "metadata": {"schema_version": "1.0.0", "uuid": "a"},
            "objects": objects,
            "frames": {"0": {"frame_properties": {"timestamp": 0}, "objects": frame}},
        }
    }
    return json.dumps(document).encode()


class Stand:
    """What the server knows: its latency, where files are, and prepared answers."""

    def __init__(self, latency: float, annotations: int, annotation_bytes: int, items: int) -> None:
        self.latency = latency
        self.storage = ""
        self.items = items
        self.annotations = annotations
        self.annotation = annotation(annotation_bytes)
        self.stream: bytes | None = None

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """The JSON body that answers one API call."""
        parts = urlsplit(target)
        path = parts.path
        if path == "/_stats":
            return json.dumps({"cpu": time.process_time()}).encode()
        if path == "/v1/auth/oauth/token":
            return b'{"access_token": "a.b.c", "token_type": "Bearer", "expires_in": 360000}'
        if path.startswith("/annotation/"):
            return self.annotation
        return json.dumps(self._data(method, path, parse_qs(parts.query), body)).encode()

    def _data(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> object:
        if path == "/v1/inputs/initialize":
            return {"data": {"sceneUuid": str(uuid.uuid4())}}
        if path.endswith("/actions/commit"):
            return {"data": {}}
        if path == "/v2/scenes/query":
            return {"data": [self._scene(u) for u in json.loads(body)["sceneUuids"]]}
        if path == "/v1/inputs" and method == "POST":
            scene = json.loads(body)["sceneUuid"]
            return {
                "data": [
                    {
                        "uuid": str(uuid.uuid4()),
                        "sceneUuid": scene,
                        "requestUid": "r",
                        "sceneExternalId": "e",
                        "viewLink": "https://localhost/v",
                    }
                ]
            }
        if path.startswith("/v1/inputs/"):
            return self._scene_job(json.loads(body))
        if path.endswith("/search"):
            return self._annotation_page(query)
        return {"data": [] if method == "GET" else {}}

    @staticmethod
    def _scene(scene: str) -> dict[str, object]:
        return {
            "uuid": scene,
            "workspaceId": "w",
            "externalId": "e",
            "sceneType": "cameras",
            "status": "created",
            "created": NOW,
        }

    def _scene_job(self, scene: dict[str, object]) -> dict[str, object]:
        frames = scene.get("frames") or [scene["frame"]]
        files = {
            resource["resourceId"]: f"{self.storage}/upload/{resource['resourceId']}?signature=s"
            for frame in frames  # type: ignore[attr-defined]
            for kind in ("images", "pointClouds")
            for resource in frame.get(kind, ())
        }
        return {"data": {"internalId": scene["internalId"], "files": files, "requestInputUuid": None}}

    def _annotation_page(self, query: dict[str, list[str]]) -> dict[str, object]:
        start = int(query.get("cursorId", ["0"])[0])
        stop = min(start + 100, self.annotations)
        return {
            "data": [
                {
                    "inputUuid": f"scene-{n}",
                    "annotationType": "t",
                    "created": NOW,
                    "uri": f"{self.storage}/annotation/{n}?signature=s",
                }
                for n in range(start, stop)
            ],
            "metadata": {"nextCursorId": stop if stop < self.annotations else None},
        }

    def lines(self) -> bytes:
        """The body of a streamed query."""
        if self.stream is None:
            item = (
                '{"id": %d, "projectId": "p", "requestId": "r", "durationSeconds": 12.5, "tags": ["a", "b"]}'
            )
            self.stream = ("[\n" + ",\n".join(item % n for n in range(self.items)) + "\n]\n").encode()
        return self.stream


class Connection(asyncio.BufferedProtocol):
    """One HTTP/1.1 connection."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.head = bytearray()
        self.body = bytearray()
        self.state: Callable[[memoryview], int] = self.read_head
        self.left = 0
        self.method = self.target = ""
        self.close = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        # One buffer for all connections: it is consumed before the event loop reads again.
        return BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        data = BUFFER[:nbytes]
        while data:
            data = data[self.state(data) :]

    def read_head(self, data: memoryview) -> int:
        before = len(self.head)
        self.head += data[: 1 << 16]
        end = self.head.find(b"\r\n\r\n", max(0, before - 3))
        if end < 0:
            return min(len(data), 1 << 16)
        lines = bytes(self.head[:end]).decode("latin-1").split("\r\n")
        self.head.clear()
        self.method, self.target, _ = lines[0].split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        self.close = headers.get("connection", "").lower() == "close"
        if headers.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # type: ignore[attr-defined]
        self.body.clear()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self.state = self.read_chunk_size
        elif (left := int(headers.get("content-length", "0"))) > 0:
            self.left = left
            self.state = self.read_body
        else:
            self.respond()
        return end + 4 - before

    def read_body(self, data: memoryview) -> int:
        used = min(self.left, len(data))
        self.body += data[:used]
        self.left -= used
        if not self.left:
            self.respond()
        return used

    def read_chunk_size(self, data: memoryview) -> int:
        before = len(self.head)
        self.head += data[:64]
        end = self.head.find(b"\r\n", 0 if before < 2 else before - 1)
        if end == 0:
            end = self.head.find(b"\r\n", 2)
        if end < 0:
            return min(len(data), 64)
        self.left = int(self.head[:end].strip().split(b";")[0], 16)
        self.head.clear()
        self.state = self.read_chunk if self.left else self.read_last
        return end + 2 - before

    def read_chunk(self, data: memoryview) -> int:
        used = min(self.left, len(data))
        self.body += data[:used]
        self.left -= used
        if not self.left:
            self.state = self.read_chunk_size
        return used

    def read_last(self, data: memoryview) -> int:
        before = len(self.head)
        self.head += data[: 2 - before]
        used = len(self.head) - before
        if len(self.head) == 2:
            self.head.clear()
            self.respond()
        return used

    def respond(self) -> None:
        self.state = self.read_head
        if self.target.split("?")[0].endswith(("judgements/query", "kpi/query")):
            answer = self.stand.lines()
        else:
            answer = self.stand.answer(self.method, self.target, bytes(self.body))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n\r\n"
        whole = head.encode() + answer
        if self.stand.latency and not self.target.startswith("/_s" + "tats"):
            asyncio.get_running_loop().call_later(self.stand.latency, self.send, whole)
        else:
            self.send(whole)

    def send(self, whole: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(whole)  # type: ignore[attr-defined]
        if self.close:
            self.transport.close()


async def serve(options: argparse.Namespace) -> None:
    stand = Stand(options.latency / 1000, options.annotations, options.annotation_bytes, options.items)
    context = None
    if options.cert:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(stand), "127.0.0.1", options.port, ssl=context, backlog=4096
    )
    port = server.sockets[0].getsockname()[1]
    base = f"{'https://localhost' if context else 'http://127.0.0.1'}:{port}"
    stand.storage = options.storage or base
    sys.stdout.write(base + "\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--latency", type=float, default=0, help="milliseconds that every answer is held back"
    )
    parser.add_argument("--cert", help="PEM file with key and certificate: serve TLS")
    parser.add_argument("--annotations", type=int, default=500)
    parser.add_argument("--annotation-bytes", type=int, default=200_000)
    parser.add_argument("--storage", help="base URL of what holds files and annotations")
    parser.add_argument("--items", type=int, default=200_000, help="of a streamed query")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
