"""Where the raw samples are, and a projection through everything that an importer tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.geometry.projection import project
from kognic.scenes.importers.calibrations import calibrations_of
from kognic.scenes.importers.recording import Capture, Recording, Sensor

Pixels = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def raw(samples: Path) -> Path:
    """Small pieces of recordings in the formats of their publishers."""
    return samples / "raw"


@pytest.fixture(scope="session")
def facts(raw: Path) -> Callable[[str], Any]:
    """What a `facts.json` says."""
    return lambda name: json.loads((raw / name).read_text())


@pytest.fixture(scope="session")
def pixels() -> Pixels:
    """Project the points of a sweep into an image; `motion` moves them to the time of the image."""

    def apply(
        recording: Recording,
        sweep: Capture,
        image: Capture,
        *,
        motion: bool,
        sensors: list[Sensor] | None = None,
        sizes: Mapping[str, tuple[int, int]] | None = None,
    ) -> np.ndarray:
        rig = {sensor.name: sensor for sensor in sensors or recording.sensors()}
        lidar, camera = rig[sweep.sensor], rig[image.sensor]
        cloud: Any = recording.read(sweep)
        points = lidar.pose.apply(cloud.xyz)
        if motion:
            taken = sweep.time_ns if recording.compensated else cloud.timestamps.astype(np.int64)
            points = recording.trajectory().move(points, taken, image.time_ns)
        calibration: Any = calibrations_of([camera], Rigid.identity(), sizes or {})[camera.name]
        found = project(points, calibration).pixels
        # The facts count from 0, not from the edge of the first pixel.
        inside = (found >= 0) & (found < [calibration.image_width, calibration.image_height])
        return np.where(inside.all(axis=1)[:, None], found, np.nan)

    return apply


def visible(pixels: np.ndarray) -> int:
    """How many points are in the image."""
    return int(np.isfinite(pixels[:, 0]).sum())
