"""Only what lies in the roots is read, whatever a scene file names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from kognic.mcp.roots import Roots

FRAME = {"images": [{"sensor_name": "FRONT", "filename": "front.png"}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "secret.json").write_text("{}")
    return folder


def scene(folder: Path, **changes: Any) -> str:
    content = {"type": "cameras", "external_id": "one", "frame": FRAME, **changes}
    (folder / "scene.json").write_text(json.dumps(content))
    return "scene.json"


def test_inside(root: Path) -> None:
    """Relative to the first root, absolute, and as a folder."""
    roots = Roots([str(root)])
    scene(root)
    for given in ("scene.json", str(root / "scene.json"), ".", "./sub/../scene.json"):
        assert roots.scene_file(given) == root / "scene.json"


@pytest.mark.parametrize(
    "given", ["../secret.json", "/etc/passwd", "~/.ssh/id_rsa", "link.json", "s3://b/scene.json"]
)
def test_outside(root: Path, given: str) -> None:
    """Above the root, elsewhere, through a symbolic link, and on the network."""
    (root / "link.json").symlink_to(root.parent / "secret.json")
    with pytest.raises(ToolError, match=r"may not be read: readable are .*root"):
        Roots([str(root)]).scene_file(given)


def frame_with(path: str) -> dict[str, Any]:
    return {"images": [{"sensor_name": "FRONT", "filename": "front.png", "path": path}]}


def recorded(reference: str, location: str) -> dict[str, Any]:
    image = {"sensor_name": "FRONT", "filename": "front.png", "source": {"reference": reference}}
    recording = {"format": "kitti-raw", "location": location, "name": "x"}
    return {"frame": {"images": [image]}, "recording": recording}


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": "../secret.json"},
        {"pre_annotation": "/etc/passwd"},
        {"type": "cameras_sequence", "frame": None, "imu_data": "../secret.json",
         "frames": [{"frame_id": "0", "relative_timestamp": 0, **FRAME}]},
        {"frame": frame_with("../front.png")},
        {"frame": frame_with("https://169.254.169.254/latest/meta-data")},
        {"frame": frame_with("file:///etc/passwd")},
        {"frame": frame_with("s3://bucket/drives/../private/a.png")},
        {"frame": frame_with("s3://bucket/drives/%2e%2e/private/a.png")},
        {"frame": frame_with("s3://bucket/drives-of-others/a.png")},
        {"frame": frame_with("simplecache::s3://bucket/drives/a.png")},
        recorded("../../a.png", "."),
        recorded("/etc/a.png", "."),
        recorded("a.png", "/"),
    ],
    ids=lambda changes: json.dumps(changes)[-60:],
)  # fmt: skip
def test_everything_that_a_scene_names(root: Path, changes: dict[str, Any]) -> None:
    roots = Roots([str(root), "s3://bucket/drives/"])
    name = scene(root, **changes)
    with pytest.raises(ToolError, match="may not be read"):
        roots.scene_file(name)


def test_urls_below_a_root(root: Path) -> None:
    roots = Roots([str(root), "s3://bucket/drives"])
    assert roots.scene_file(scene(root, frame=frame_with("s3://bucket/drives/7/a.png"))).name == "scene.json"


def test_without_roots() -> None:
    with pytest.raises(ToolError, match=r"no folder was given\. Start 'kognic mcp' with --root"):
        Roots([]).path("scene.json")


def test_more_than_one_scene(root: Path) -> None:
    scene(root)
    (root / "b.scene.json").write_text("{}")
    with pytest.raises(ToolError, match=r"holds 2 scene files; name one, for example .*b\.scene\.json"):
        Roots([str(root)]).scene_file(".")


@pytest.mark.parametrize("given", ["file:///tmp", "local://tmp", "/no/such/folder"])
def test_roots_that_are_none(given: str) -> None:
    with pytest.raises(ValueError, match="--root"):
        Roots([given])
