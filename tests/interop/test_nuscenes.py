"""The nuScenes development kit opens what `kognic annotation convert` writes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kognic.cli.root import cli
from tests.interop.environments import Environment, official

DEVKIT = ("nuscenes-devkit==1.2.0",)

pytestmark = [pytest.mark.interop, pytest.mark.shared, pytest.mark.slow]


@pytest.fixture(scope="session")
def devkit() -> Environment:
    """An environment of its own: the kit pins an older NumPy."""
    return official(DEVKIT)


def _opened(devkit: Environment, root: Path) -> Any:
    script = Path(__file__).parent / "scripts" / "open_nuscenes.py"
    done = devkit.run([devkit.python, script, root], cwd=root)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_development_kit_sees_the_same_boxes(devkit: Environment, samples: Path, tmp_path: Path) -> None:
    """Classes and corners in the world, and the boxes that are visible in the front camera."""
    source = samples / "raw/nuscenes"
    for name in ("maps", "samples"):
        shutil.copytree(source / name, tmp_path / "data" / name)
    options = ["--lidar", "LIDAR_TOP", "--system", "lidar"]
    document, version = str(tmp_path / "a.json"), str(source / "v1.0-mini")
    for arguments in (
        [version, document, "--from", "nuscenes", *options],
        [document, str(tmp_path / "data/v1.0-mini"), "--to", "nuscenes", "--version", version, *options],
    ):
        result = CliRunner().invoke(cli, ["annotation", "convert", *arguments])
        assert result.exit_code == 0, result.output

    published = _opened(devkit, source)
    ours = _opened(devkit, tmp_path / "data")

    assert ours["in_camera"] == published["in_camera"]
    assert ours["boxes"].keys() == published["boxes"].keys()
    assert len(ours["boxes"]) == 68
    for instance, box in published["boxes"].items():
        assert ours["boxes"][instance]["name"] == box["name"]
        assert np.allclose(ours["boxes"][instance]["corners"], box["corners"], atol=1e-6)
