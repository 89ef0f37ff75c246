"""What is read of a scene to judge its cameras by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.calibration.evidence import Evidence, gather, points_of_frames
from kognic.scenes.geometry.poses import Rigid
from kognic.scenes.scene_file import load_scene_file
from kognic.scenes.scene_view import SceneView, view_of


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A generated drive of five frames with one lidar and two cameras."""
    folder = tmp_path_factory.mktemp("drive")
    return load_scene_file(write_sample_drive(folder, frames=5).scene_file)


@pytest.fixture
def view(drive: Any) -> SceneView:
    return view_of(drive.scene("calibration"))


def lidar(drive: Any) -> dict[str, Rigid]:
    name = "LIDAR"
    sensors = {key.upper(): (key, value) for key, value in drive.calibration.calibration.items()}
    key, sensor = next(item for upper, item in sensors.items() if name in upper)
    return {key: Rigid.of_sensor(sensor)}


@pytest.mark.slow
def test_gather_spreads_frames(view: SceneView) -> None:
    """The first, the middle and the last of five; all when there are fewer than asked for."""
    frames = tuple(attrs.evolve(frame, images=frame.images[:1]) for frame in view.frames)
    view = attrs.evolve(view, frames=frames)

    assert [frame.frame_id for frame in gather(view).frames] == ["0", "2", "4"]
    assert [frame.frame_id for frame in gather(view, max_frames=1).frames] == ["0"]
    assert len(gather(view, max_frames=9).frames) == 5


@pytest.mark.slow
def test_gather_reads_points_and_images(view: SceneView) -> None:
    """Points of the lidar with intensities and times, images with the middle of their exposure."""
    found = gather(view, max_frames=1)
    frame = found.frames[0]

    assert len(frame.clouds) == 1
    assert len(frame.clouds[0].points) > 1000
    assert np.isfinite(frame.clouds[0].points.xyz).all()
    shutter = view.frames[0].images[0].shutter
    assert shutter is not None
    assert frame.pictures[0].time_ns == sum(shutter) // 2
    assert found.one_lidar
    assert found.is_compensated
    assert found.trajectory is not None


def test_gather_leaves_out_what_cannot_be_read(view: SceneView, tmp_path: Path) -> None:
    """A damaged image, a damaged cloud and files elsewhere are for other rules to report."""
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"nothing")
    first = view.frames[0]
    images = (attrs.evolve(first.images[0], path=damaged), attrs.evolve(first.images[1], remote=True))
    clouds = (attrs.evolve(first.clouds[0], path=tmp_path / "absent.csv"),)
    frame = attrs.evolve(first, images=images, clouds=clouds)

    found = gather(attrs.evolve(view, frames=(frame,)))

    assert found.frames[0].pictures == ()
    assert found.frames[0].clouds == ()


def test_gather_without_images_or_points(view: SceneView) -> None:
    """Frames that lack either tell nothing of cameras."""
    frames = tuple(attrs.evolve(frame, images=()) for frame in view.frames)

    assert gather(attrs.evolve(view, frames=frames)).frames == ()


def test_knows_motion(view: SceneView) -> None:
    """Motion is known with a trajectory and exposure times for the camera's images."""
    found = gather(view, max_frames=1)
    frame = found.frames[0]
    camera = frame.pictures[0].camera
    untimed = attrs.evolve(
        frame, pictures=tuple(attrs.evolve(picture, shutter=None) for picture in frame.pictures)
    )

    assert found.knows_motion(camera)
    assert not attrs.evolve(found, trajectory=None).knows_motion(camera)
    assert not attrs.evolve(found, frames=(untimed,)).knows_motion(camera)


def reference(found: Evidence, drive: Any, target_ns: int | None) -> np.ndarray:
    return found.reference_points(found.frames[0], lidar(drive), target_ns)[0]


def test_points_are_moved_with_the_vehicle(view: SceneView, drive: Any) -> None:
    """Each point from its own time to the image's: within the sweep that is up to metres for a moving car."""
    found = gather(view, max_frames=1)
    frame = found.frames[0]
    still = attrs.evolve(found, trajectory=None)
    assert frame.time_ns is not None

    moved, unmoved = reference(found, drive, frame.time_ns), reference(still, drive, frame.time_ns)
    uncompensated = reference(attrs.evolve(found, is_compensated=False), drive, frame.time_ns)

    assert moved.shape == unmoved.shape
    assert 0.1 < np.linalg.norm(moved - unmoved, axis=1).max() < 5
    assert uncompensated == pytest.approx(unmoved)


def test_points_of_unknown_lidars_are_left_out(view: SceneView) -> None:
    """Without a pose there is no place for them."""
    found = gather(view, max_frames=1)

    points, intensity = found.reference_points(found.frames[0], {}, None)

    assert points.shape == (0, 3)
    assert intensity.shape == (0,)


def test_points_of_frames(view: SceneView, drive: Any) -> None:
    """By relative time, in the lidar's own system where there is one lidar."""
    found = points_of_frames(view, view.frames[:2], drive.calibration.calibration)

    assert sorted(found) == [frame.relative_ms for frame in view.frames[:2]]
    assert all(points.shape[1] == 3 and len(points) > 1000 for points in found.values())
