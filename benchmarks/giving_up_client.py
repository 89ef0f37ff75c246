"""Make one call that fails for ever and report how long the client took to give up; for either client.

    python -m benchmarks.giving_up_client URL CALL FAULT

Runs under the interpreter that has the client, with the standard library and the documented API. No time is
spent waiting: sleeping advances a clock of this process, and a socket that times out does so after a moment,
and advances the clock by its time-out.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

MOMENT = 3.0  # seconds that a silent connection is really waited for


class FastClock:
    """The clock of this process, moved forward instead of waiting."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._lock = threading.Lock()
        self._monotonic, self._time, self._sleep = time.monotonic, time.time, time.sleep

    def install(self, *, shorten_sockets: bool) -> None:
        time.sleep = self._skip
        time.monotonic = lambda: self._monotonic() + self.ahead  # type: ignore[assignment]
        time.time = lambda: self._time() + self.ahead  # type: ignore[assignment]
        original = asyncio.sleep

        async def sleep(seconds: float, result: Any = None) -> Any:
            self.advance(seconds)
            return await original(0, result)

        asyncio.sleep = sleep  # type: ignore[assignment]
        self._shorten_events()
        if shorten_sockets:
            self._shorten_sockets()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self.ahead += seconds

    def _skip(self, seconds: float) -> None:
        if threading.current_thread().name == "kognic-watchdog":
            # It looks at its deadlines now and then; nothing waits for it.
            self._sleep(seconds)
            return
        self.advance(seconds)
        self._sleep(0)

    def _shorten_events(self) -> None:
        """A wait that something may end early, as transfers do between two attempts."""
        original = threading.Event.wait

        def wait(event: threading.Event, timeout: float | None = None) -> bool:
            if timeout is None or timeout <= MOMENT / 10 or original(event, MOMENT / 10):
                return original(event, timeout)
            self.advance(timeout - MOMENT / 10)
            return event.is_set()

        threading.Event.wait = wait  # type: ignore[assignment, method-assign]

    def _shorten_sockets(self) -> None:
        wanted: dict[int, float | None] = {}
        set_timeout = socket.socket.settimeout

        def settimeout(sock: socket.socket, seconds: float | None) -> None:
            wanted[sock.fileno()] = seconds
            set_timeout(sock, seconds if not seconds else min(seconds, MOMENT))

        def shortened(transfer: Any) -> Any:
            def wait_for_peer(sock: socket.socket, *args: Any) -> Any:
                try:
                    return transfer(sock, *args)
                except TimeoutError:
                    self.advance((wanted.get(sock.fileno()) or MOMENT) - MOMENT)
                    raise

            return wait_for_peer

        socket.socket.settimeout = settimeout  # type: ignore[method-assign]
        for name in ("recv", "recv_into", "send", "sendall"):
            setattr(socket.socket, name, shortened(getattr(socket.socket, name)))
        select = selectors.DefaultSelector.select

        def wait_in_loop(self_: Any, timeout: float | None = None) -> Any:
            """Event loops time their sockets by their own timers."""
            if timeout is None or timeout <= MOMENT or not self_.get_map():
                return select(self_, timeout)
            events = select(self_, MOMENT)
            if not events:
                self.advance(timeout - MOMENT)
            return events

        selectors.DefaultSelector.select = wait_in_loop  # type: ignore[assignment, method-assign]


def make(url: str, **options: Any) -> Any:
    from kognic.io.client import KognicIOClient

    hosts = (
        "host",
        "order_execution_api_host",
        "annotation_integration_api_host",
        "workspace_api_host",
        "project_management_api_host",
        "auth_host",
    )
    return KognicIOClient(
        auth=("id", "secret"),
        write_workspace_id="00000000-0000-4000-8000-000000000001",
        **dict[str, Any](dict.fromkeys(hosts, url)),
        **options,
    )


def read(client: Any) -> None:
    client.project.get_projects()


def create(client: Any) -> None:
    from kognic.io.model.calibration import SensorCalibration

    client.calibration.create_calibration(SensorCalibration(external_id="rig", calibration={}))


def place(client: Any) -> None:
    client.input.create_from_scene("5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21", project="p", batch="b")


def upload(client: Any) -> None:
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image

    # More than the buffers of a connection hold: a peer that does not read it stops the client.
    Path("front.jpg").write_bytes(b"not empty" * 1_000_000)
    image = Image(filename="front.jpg", sensor_name="FRONT", resource_id="front.jpg")
    client.cameras.create(Cameras(external_id="s", frame=Frame(images=[image])))


def download(client: Any) -> None:
    client.annotation.get_annotation_for_input("5b7b3c1e-0a44-4d0e-8b0a-6d8f8f0f3a21")


CALLS = {"read": read, "create": create, "place": place, "upload": upload, "download": download}
# Faults in which a peer accepts a connection and then says nothing.
HALF_OPEN = ("silent", "half", "unread")


def main(url: str, call: str, fault: str) -> None:
    # Before anything is imported that keeps the functions of the real clock.
    FastClock().install(shorten_sockets=fault in HALF_OPEN)
    client = make(url)
    started = time.monotonic()
    error = ""
    try:
        CALLS[call](client)
    except Exception as raised:  # whatever the client gives up with
        error = type(raised).__name__
    print(json.dumps({"seconds": time.monotonic() - started, "error": error}))


if __name__ == "__main__":
    main(*sys.argv[1:])
