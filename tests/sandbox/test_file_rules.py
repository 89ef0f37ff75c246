"""The platform that is the sandbox and the offline check say the same of a file."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import laspy
import pytest
from pypcd4.pypcd4 import Encoding

from kognic.io.client import KognicIOClient
from kognic.io.model.scene.cameras import Cameras
from kognic.io.model.scene.cameras import Frame as CameraFrame
from kognic.io.model.scene.lidars import Frame as LidarFrame
from kognic.io.model.scene.lidars import Lidars
from kognic.io.model.scene.resources import Image, PointCloud
from kognic.pipelines.bulk import BulkRun
from kognic.scenes.checks import check_scene
from tests.scenes.checks.scenes import csv, pcd, picture, points

GOOD_PCD = pcd(points(1))


def las(version: str, point_format: int) -> bytes:
    made = laspy.create(point_format=point_format, file_version=version)
    made.x = made.y = made.z = points(1)["x"].astype(float)
    buffer = BytesIO()
    made.write(buffer)
    return buffer.getvalue()


BROKEN = {
    "image-undecodable": ("1.png", b"not an image"),
    "image-truncated": ("2.png", picture(1)[:300]),
    "image-format": ("3.png", picture(1, format="BMP")),
    "csv-separator": ("4.csv", csv(points(1)).replace(b",", b";")),
    "csv-columns": ("5.csv", csv(points(1)).replace(b"x,y,z", b"a,b,c", 1)),
    "csv-row-length": ("6.csv", csv(points(1))[:-9]),
    "las-version": ("7.las", las("1.4", 3)),
    "las-point-format": ("8.las", las("1.2", 1)),
    "pcd-organised": (
        "9.pcd",
        pcd(points(1), Encoding.BINARY_COMPRESSED).replace(b"WIDTH 400", b"WIDTH 200").replace(
            b"HEIGHT 1", b"HEIGHT 2"
        ),
    ),
    "pcd-truncated": ("10.pcd", GOOD_PCD[:900]),
    "pcd-fields": ("11.pcd", GOOD_PCD.replace(b"FIELDS x y z", b"FIELDS x y h")),
    "cloud-empty": ("12.csv", b"ts_gps,x,y,z,intensity\n"),
}  # fmt: skip


def scenes(folder: Path) -> Iterator[Any]:
    for code, (name, content) in BROKEN.items():
        path = folder / name
        path.write_bytes(content)
        if path.suffix == ".png":
            yield Cameras(external_id=code, frame=CameraFrame(images=[Image(filename=path)]))
        else:
            yield Lidars(external_id=code, frame=LidarFrame(point_clouds=[PointCloud(filename=path)]))


def test_broken_files_fail_with_the_words_of_the_check(kognic_client: KognicIOClient, tmp_path: Path) -> None:
    """A scene that is sent in spite of a finding fails, with the finding's explanation."""
    made = {scene.external_id: scene for scene in scenes(tmp_path)}

    with BulkRun(kognic_client, made.values(), check=False, poll_interval=0.02) as run:
        failed = {result.key: str(result.error) for result in run if not result.ok}

    assert failed.keys() == BROKEN.keys()
    for code, scene in made.items():
        found = {finding.code: finding for finding in check_scene(scene, groups=["files"])}
        assert found[code].message in failed[code]


@pytest.mark.parametrize("code", ["image-truncated", "csv-row-length"])
def test_good_neighbours_are_good(code: str, tmp_path: Path, kognic_client: KognicIOClient) -> None:
    """The contents that are cut here are fine when they are whole."""
    suffix, whole = (".png", picture(1)) if code.startswith("image") else (".csv", csv(points(1)))
    path = tmp_path / f"whole{suffix}"
    path.write_bytes(whole)
    scene: Any = (
        Cameras(external_id="whole", frame=CameraFrame(images=[Image(filename=path)]))
        if suffix == ".png"
        else Lidars(external_id="whole", frame=LidarFrame(point_clouds=[PointCloud(filename=path)]))
    )
    with BulkRun(kognic_client, [scene], poll_interval=0.02) as run:
        assert [result.ok for result in run] == [True]
