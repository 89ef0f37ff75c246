"""Files appear when they are complete, or not at all."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kognic.viewer.stills import PreviewOptions, preview_scene
from kognic.viewer.stills.targets import file_names
from tests.viewer.stills.rigs import calibration, frame, scene

OUTPUTS = ["page.html", "deep/folder/page.htm", "pngs", "deep/pngs"]


def everything_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def run(output: Path, **values: Any) -> Any:
    return preview_scene(scene(frame(0), frame(1)), output, calibration=calibration(), **values)


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_what_fails_half_way_leaves_nothing(output: str, tmp_path: Path) -> None:
    """The second frame fails; neither page, nor pictures, nor temporary files stay behind."""

    def fail(done: int, total: int) -> None:
        raise RuntimeError(f"after {done} of {total}")

    with pytest.raises(RuntimeError, match="after 1 of 2"):
        run(tmp_path / output, progress=fail)

    assert everything_in(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_a_failure_keeps_what_was_there(output: str, tmp_path: Path) -> None:
    made = run(tmp_path / output)
    before = {file: file.read_bytes() for file in made.files}

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / output, progress=fail, options=PreviewOptions(image_width=100))

    assert {file: file.read_bytes() for file in made.files} == before
    assert sorted(map(str, before)) == sorted(str(tmp_path / name) for name in everything_in(tmp_path))


@pytest.mark.slow
def test_pictures_have_their_places(tmp_path: Path) -> None:
    made = run(tmp_path / "out", options=PreviewOptions(frames=[1]))

    names = ["frame-0001/FRONT.png", "frame-0001/birds-eye.png"]
    assert made.files == tuple(tmp_path / "out" / name for name in names)
    assert everything_in(tmp_path / "out") == names
    picture = Image.open(BytesIO(made.files[0].read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (640, 480))
    assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 1


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("mine")

    with pytest.raises(
        NotADirectoryError, match=r"here is a file; pass a folder, or a name that ends in \.html"
    ):
        run(tmp_path / "here")


def test_file_names_are_safe_and_different() -> None:
    names = file_names(["FRONT", "front", "a/b", "a:b", "..", "Größe 1"])

    assert names == {
        "FRONT": "FRONT",
        "front": "front-2",
        "a/b": "a_b",
        "a:b": "a_b-2",
        "..": "sensor",
        "Größe 1": "Größe_1",
    }
