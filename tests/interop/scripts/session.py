"""What the scripts share: a client of the sandbox, a notebook of outcomes, a line to the sandbox's control.

Runs under the interpreter of either client, so it uses the documented API and the standard library only.
The process that started the scripts says which to run, and does the control actions: messages go out on
standard output as lines that begin with MARK, answers come in on standard input.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from tests.wire.pictures import catch, picture, show

MARK = "\x1e"
PROJECT = "sandbox-project"
BATCH = "batch-1"


class Session:
    """One run of one script.

    Attributes:
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
        tell({"action": action, "arguments": arguments})
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


def tell(message: dict[str, Any]) -> None:
    """Send a message to the process that started this one."""
    sys.stdout.write(f"{MARK}{json.dumps(message)}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the scripts that are asked for on standard input, one after the other, until it is closed."""
    for line in sys.stdin:
        asked = json.loads(line)
        session = Session(asked["configuration"])
        try:
            importlib.import_module(f"tests.interop.scripts.{asked['script']}").run(session)
        except Exception:  # the tests show it; the next script may be fine
            tell({"error": traceback.format_exc()})
        else:
            tell({"found": session.finish()})


if __name__ == "__main__":
    main()
