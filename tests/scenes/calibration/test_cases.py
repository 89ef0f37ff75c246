"""The conditions that the calibration report judges cameras under."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration.cases import Recording, cases, load
from kognic.scenes.calibration.evidence import Cloud, Evidence, FrameEvidence, Picture
from kognic.scenes.calibration.features import ImagePixels
from kognic.scenes.content.points import PointArrays
from kognic.scenes.geometry.motion import Trajectory
from tests.scenes.geometry import scenes

SECOND = 1_000_000_000


@pytest.mark.parametrize("shutter", [None, (SECOND, SECOND + 1)])
def test_times_are_shifted_only_where_images_have_some(shutter: tuple[int, int] | None) -> None:
    """A vehicle at 5 m/s: images without a shutter time cannot be stated earlier."""
    image = ImagePixels(np.zeros((4, 4, 3), np.uint8), (4, 4))
    points = PointArrays(xyz=np.ones((5, 3)), intensity=None, timestamps=None)
    frames = tuple(
        FrameEvidence(str(n), n * SECOND, (Cloud("lidar", points),), (Picture("front", image, shutter),))
        for n in range(2)
    )
    times = np.arange(3) * SECOND
    still = np.tile([1.0, 0.0, 0.0, 0.0], (3, 1))
    path = Trajectory(times, np.column_stack([np.arange(3) * 5.0, np.zeros(3), np.zeros(3)]), still)
    evidence = Evidence(frames=frames, trajectory=path, is_compensated=False, one_lidar=False)
    recording = Recording(site="road", evidence=evidence, sensors={"front": scenes.camera(0)})

    found = {case.condition for case in cases(recording)}

    assert ("late" in found) == (shutter is not None)
    assert ("next-frame" in found) == (shutter is not None)
    assert {"good", "rotated-1-x", "mirrored"} <= found


def test_times_are_not_shifted_to_where_no_motion_is_known() -> None:
    """Points would stay where they are, so that no error is made: poses from 50 ms before the image on."""
    image = ImagePixels(np.zeros((4, 4, 3), np.uint8), (4, 4))
    points = PointArrays(xyz=np.ones((5, 3)), intensity=None, timestamps=None)
    frame = FrameEvidence("0", SECOND, (Cloud("lidar", points),), (Picture("front", image, (SECOND,) * 2),))
    still = np.tile([1.0, 0.0, 0.0, 0.0], (2, 1))

    def found(first: int) -> set[str]:
        path = Trajectory(np.array([first, first + SECOND]), np.array([[0.0, 0, 0], [5.0, 0, 0]]), still)
        evidence = Evidence(frames=(frame,), trajectory=path, is_compensated=False, one_lidar=False)
        recording = Recording(site="road", evidence=evidence, sensors={"front": scenes.camera(0)})
        return {case.condition for case in cases(recording)}

    # Poses are extrapolated by 200 ms; the images are stated 100 ms early.
    assert "late" in found(SECOND + 50_000_000)
    assert "late" not in found(SECOND + 150_000_000)


@pytest.mark.shared
def test_recordings_in_other_formats_are_imported(samples: Path) -> None:
    """A frame of KITTI's object benchmark: 126,891 points and one image, 1242 pixels wide."""
    found = load(Path(f"kitti-object:{samples}/raw/kitti_object"), 1)

    (frame,) = found.evidence.frames
    assert [len(cloud.points) for cloud in frame.clouds] == [126_891]
    assert [picture.image.size for picture in frame.pictures] == [(1242, 375)]
    assert found.sensors[frame.pictures[0].camera].camera_matrix.fx == pytest.approx(721.5377)
