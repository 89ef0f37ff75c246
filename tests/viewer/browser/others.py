"""Firefox and WebKit, the engine of Safari, for `make browsers`.

Playwright drives only its own builds of these. Those of the distribution are driven by their own protocols:
Firefox by Marionette, WebKit by WebDriver. On Debian: `apt-get install firefox-esr webkit2gtk-driver xvfb`.
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess  # nosec B404: browsers of the distribution
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import requests

START_SECONDS = 60
Run = Callable[[str], Any]


@attrs.frozen
class Browser:
    """A running browser.

    Attributes:
        name: What it says of itself.
        go: Opens an address.
        run: Runs the body of an asynchronous function in the page, and returns its result.
        screenshot: The window as a PNG.
    """

    name: str
    go: Callable[[str], object]
    run: Run
    screenshot: Callable[[], bytes]


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def waited(attempt: Callable[[], Any]) -> Any:
    """Try until something listens."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            return attempt()
        except (OSError, requests.ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@contextmanager
def running(*command: str, **values: Any) -> Iterator[None]:
    """A process that ends with the block, and what it started with it."""
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, **values)  # nosec B603: fixed commands
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


class Marionette:
    """Firefox's own protocol: JSON with its length before it."""

    def __init__(self, port: int) -> None:
        self._socket = waited(lambda: socket.create_connection(("127.0.0.1", port), START_SECONDS))
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._read()

    def _read(self) -> Any:
        length = b""
        while (byte := self._file.read(1)) != b":":
            length += byte
        return json.loads(self._file.read(int(length)))

    def send(self, command: str, values: dict[str, Any]) -> Any:
        """Send a command; its result."""
        self._number += 1
        message = json.dumps([0, self._number, command, values]).encode()
        self._socket.sendall(f"{len(message)}:".encode() + message)
        _, _, error, result = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result


def asynchronous(body: str) -> str:
    """A script of WebDriver that answers with what an asynchronous function returns."""
    return (
        "const done = arguments[arguments.length - 1];"
        f"(async () => {{ {body} }})()"
        ".then((value) => done([value, null]), (error) => done([null, String(error)]));"
    )


def result_of(answer: Any) -> Any:
    """The function's value; its error is raised."""
    value, error = answer
    if error:
        raise AssertionError(error)
    return value


@contextmanager
def firefox() -> Iterator[Browser]:
    """The distribution's Firefox without a window."""
    with tempfile.TemporaryDirectory() as profile:
        port = free_port()
        Path(profile, "user.js").write_text(f'user_pref("marionette.port", {port});\n', "utf-8")
        command = (
            "firefox-esr",
            "--headless",
            "--marionette",
            "--profile",
            profile,
            "--width",
            "1440",
            "--height",
            "900",
        )
        with running(*command):
            client = Marionette(port)
            session = client.send("WebDriver:NewSession", {})
            found = session["capabilities"]
            yield Browser(
                f"Firefox {found['browserVersion']}",
                lambda url: client.send("WebDriver:Navigate", {"url": url}),
                lambda body: result_of(
                    client.send("WebDriver:ExecuteAsyncScript", {"script": asynchronous(body), "args": []})
                ),
                lambda: base64.b64decode(client.send("WebDriver:TakeScreenshot", {"full": False})),
            )
            client.send("Marionette:Quit", {"flags": ["eForceQuit"]})


@contextmanager
def webkit() -> Iterator[Browser]:
    """The distribution's WebKitGTK on a virtual screen."""
    port, screen = free_port(), ":97"
    with (
        running("Xvfb", screen, "-screen", "0", "1440x900x24"),
        running(
            "WebKitWebDriver",
            f"--port={port}",
            env={"DISPLAY": screen, "PATH": "/usr/bin:/bin", "HOME": "/tmp"},
        ),
    ):
        base = f"http://127.0.0.1:{port}/session"
        wish: dict[str, Any] = {"capabilities": {"alwaysMatch": {}}}

        def sent(answer: requests.Response) -> Any:
            value = answer.json()["value"]
            if not answer.ok:
                raise RuntimeError(value["message"])
            return value

        session = waited(lambda: sent(requests.post(base, json=wish, timeout=START_SECONDS)))
        own = f"{base}/{session['sessionId']}"

        def post(path: str, **values: Any) -> Any:
            return sent(requests.post(f"{own}/{path}", json=values, timeout=120))

        yield Browser(
            f"WebKitGTK {session['capabilities']['browserVersion']}",
            lambda url: post("url", url=url),
            lambda body: result_of(post("execute/async", script=asynchronous(body), args=[])),
            lambda: base64.b64decode(sent(requests.get(f"{own}/screenshot", timeout=60))),
        )
        requests.delete(own, timeout=60)


ENGINES = {"firefox": firefox, "webkit": webkit}
