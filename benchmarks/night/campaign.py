"""A campaign of scene files, the command that uploads it, and what the platform has to hold afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks import soak
from benchmarks.soak import DOCUMENT, PROJECT, Outcome, make_items
from kognic.io.client import KognicIOClient
from kognic.pipelines.bulk import BulkItem
from kognic.sandbox import Sandbox
from kognic.sandbox.control import Control

# Below nohup SIGHUP is ignored, and a program that finds it so leaves it so.
START = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from kognic.cli import main; main()"
CHANGING = ("POST", "PUT", "PATCH")
# These only read, or sign in.
_NO_WORK = ("/query", "/oauth/token", "/fetch", "/initialize")

Say = Callable[[str], object]
"""Called with each line of progress."""


@attrs.frozen
class Platform:
    """A sandbox, in this process or another.

    Attributes:
        arguments: What a `KognicIOClient` needs: `auth` (a dictionary) and the hosts.
        control: Its control API.
    """

    arguments: dict[str, Any]
    control: Control

    @classmethod
    @contextmanager
    def started(cls) -> Iterator[Platform]:
        """A fresh one in a process of its own."""
        with soak.platform() as (arguments, control):
            yield cls(arguments, control)

    @classmethod
    def of(cls, sandbox: Sandbox) -> Platform:
        """One that runs in this process."""
        return cls({"auth": sandbox.credentials, **sandbox.hosts()}, sandbox.control)

    @property
    def url(self) -> str:
        """Its address."""
        return str(self.arguments["host"])

    def client(self, **options: Any) -> KognicIOClient:
        """A client of this platform."""
        return KognicIOClient(**{**self.arguments, **options})

    def work_done(self) -> int:
        """How many calls have come that create or change something."""
        return sum(
            call.method in CHANGING and not call.path.endswith(_NO_WORK) for call in self.control.calls()
        )


@attrs.frozen
class Campaign:
    """Scenes on disk, each with a scene file and a pre-annotation.

    Attributes:
        folder: Holds everything; also the home of the commands that run here.
        items: The scenes, for the Python form.
    """

    folder: Path
    items: list[BulkItem]

    @classmethod
    def make(cls, folder: Path, name: str, count: int) -> Campaign:
        """Write a campaign of so many scenes."""
        items = make_items(folder / "files", name, count)
        (folder / "files" / "boxes.json").write_text(json.dumps(DOCUMENT))
        for item in items:
            images = [
                {"sensor_name": sensor, "filename": Path(path).name}
                for sensor, path in _images(item)
            ]  # fmt: skip
            scene = {
                "type": "cameras", "external_id": item.external_id, "project": PROJECT,
                "frame": {"images": images}, "pre_annotation": "boxes.json",
            }  # fmt: skip
            (folder / "files" / f"{item.external_id}.scene.json").write_text(json.dumps(scene))
        return cls(folder, items)

    def start(self, platform: Platform, *arguments: str, before: str = "") -> subprocess.Popen[str]:
        """Start `kognic ARGUMENTS` as a user of the platform; its output is captured.

        Args:
            platform: Where to work.
            arguments: Of the command.
            before: Python code that runs in the process before anything of kognic is imported.
        """
        credentials = self.folder / "credentials.json"
        environments = self.folder / ".config" / "kognic" / "environments.json"
        if not environments.exists():
            credentials.touch(mode=0o600)
            credentials.write_text(json.dumps(platform.arguments["auth"]))
            environments.parent.mkdir(parents=True)
            here = {"url": platform.url, "auth_server": platform.url, "credentials": str(credentials)}
            environments.write_text(json.dumps({"environments": {"here": {"host": "127.0.0.1", **here}}}))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("KOGNIC", "XDG_"))}
        return subprocess.Popen(
            [sys.executable, "-c", before + START, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**kept, "KOGNIC_ENVIRONMENT": "here", "HOME": str(self.folder), "NO_PROXY": "127.0.0.1"},
        )  # fmt: skip

    def differences(self, platform: Platform) -> list[str]:
        """What is wrong on a platform that should hold this campaign and nothing else."""
        outcome = Outcome()
        soak.compare(platform.control, self.items, outcome)
        count = len(platform.control.scenes())
        if count != len(self.items):
            outcome.problems.append(f"the platform holds {count} scenes, not {len(self.items)}")
        return outcome.problems

    def run_arguments(self, journal: Path, *more: str) -> list[str]:
        """The arguments of a bulk run of this campaign."""
        return ["bulk", "run", str(self.folder / "files"), "--journal", str(journal), "--no-plan", *more]


def _images(item: BulkItem) -> list[tuple[str, str]]:
    return [(r.sensor_name, str(r.filename)) for r in item.scene.resources.values()]
