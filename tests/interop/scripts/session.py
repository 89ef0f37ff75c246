"""What the scripts share: a client of the sandbox, a notebook of outcomes, a line to the sandbox's control.

Runs under the interpreter of either client, so it uses the documented API and the standard library only.
The process that started the script does the control actions: a request goes out on standard output as a line
that begins with MARK, the answer comes in on standard input.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.wire.pictures import catch, picture, show

MARK = "\x1e"
PROJECT = "sandbox-project"
BATCH = "batch-1"


class Session:
    """One run of one script.

    Attributes:
        files: Folder with the sensor data; the working folder of the script.
        scenes: UUIDs of the scenes whose stored files are compared afterwards, by name.
    """

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.configuration = configuration
        self.url: str = configuration["url"]
        self.credentials: str = configuration["credentials"]
        self.workspace_id: str = configuration["workspace_id"]
        self.scenes: dict[str, str] = {}
        self._notes: dict[str, Any] = {}

    def client(self, **overrides: Any) -> Any:
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
            **{"auth": self.credentials, "timeout": 5, **dict.fromkeys(hosts, self.url), **overrides}
        )

    def note(self, name: str, value: Any) -> Any:
        """Keep a value for the comparison."""
        self._notes[name] = show(value)
        return value

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call, keep the result for the comparison, and return it."""
        return self.note(name, function(*args, **kwargs))

    def fails(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call what is expected to raise, and keep what it raised."""
        self._notes[name] = catch(function, *args, **kwargs)

    def attempt(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call what only some clients can do: the result, or None with what it raised kept."""
        try:
            return self.call(name, function, *args, **kwargs)
        except Exception as error:  # what is raised is compared with what the other client does
            self._notes[name] = picture(error)
            return None

    def control(self, action: str, **arguments: Any) -> Any:
        """Do something to the sandbox beside its API."""
        sys.stdout.write(f"{MARK}{json.dumps({'action': action, 'arguments': arguments})}\n")
        sys.stdout.flush()
        return json.loads(sys.stdin.readline())

    def until(self, wanted: Callable[[], Any], seconds: float = 20) -> Any:
        """Poll until there is a true value, and return it."""
        end = time.monotonic() + seconds
        while True:
            value = wanted()
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError(f"{wanted} was not true within {seconds} s")
            time.sleep(0.02)

    def until_status(self, client: Any, scene_uuid: str, *statuses: str) -> Any:
        """Poll a scene until it has one of the statuses; the scene."""

        def reached() -> Any:
            (scene,) = client.scene.get_scenes_by_uuids([scene_uuid])
            return scene if scene.status.value in statuses else None

        return self.until(reached)

    def finish(self) -> dict[str, Any]:
        return {"notes": self._notes, "scenes": self.scenes}


def main(run: Callable[[Session], None]) -> None:
    """Run a script with the configuration file and the output file named on the command line."""
    configuration, output = (Path(argument) for argument in sys.argv[1:])
    session = Session(json.loads(configuration.read_text("utf-8")))
    run(session)
    output.write_text(json.dumps(session.finish()), "utf-8")
