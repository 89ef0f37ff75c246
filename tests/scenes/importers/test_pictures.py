"""Encodings of raw images, bayer patterns and undistortion, against OpenCV."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from kognic.scenes.importers import RecordingError
from kognic.scenes.importers.encoding import encoded
from kognic.scenes.importers.files import Lens
from kognic.scenes.importers.pictures import (
    decoded,
    picture_of,
    png_of,
    suffix_of,
    to_eight_bits,
    undistorted,
)
from kognic.scenes.importers.recording import Picture


@pytest.fixture
def scene() -> np.ndarray:
    """A colourful picture without hard edges, RGB."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([128 + 100 * np.sin(x / 9), 128 + 100 * np.cos(y / 7), x + y], axis=-1).astype(np.uint8)


@pytest.mark.parametrize(
    ("encoding", "channels"),
    [
        ("rgb8", [0, 1, 2]),
        ("bgr8", [2, 1, 0]),
        ("rgba8", [0, 1, 2, 0]),
        ("bgra8", [2, 1, 0, 0]),
        ("8UC3", [2, 1, 0]),
    ],
)
def test_packed_encodings(scene: np.ndarray, encoding: str, channels: list[int]) -> None:
    """Channels come out as red, green, blue, whatever padding rows have."""
    rows = scene[:, :, channels].reshape(48, -1)
    padded = np.pad(rows, ((0, 0), (0, 7)), constant_values=171)
    step = padded.shape[1]
    found = picture_of(padded.tobytes(), encoding, 64, 48, step)
    assert (found.pixels == scene).all()
    # The last row need not be padded.
    assert (picture_of(padded.tobytes()[:-7], encoding, 64, 48, step).pixels == scene).all()


def test_grey_and_sixteen_bits(scene: np.ndarray) -> None:
    """16 bits are scaled by the depth that is used, in either byte order."""
    grey = scene[:, :, 0]
    assert (picture_of(grey.tobytes(), "mono8", 64, 48, 64).pixels == grey).all()
    deep = grey.astype("<u2") * 16  # 12 bits
    assert (picture_of(deep.tobytes(), "mono16", 64, 48, 128).pixels == grey).all()
    assert (
        picture_of(deep.astype(">u2").tobytes(), "16UC1", 64, 48, 128, big_endian=True).pixels == grey
    ).all()
    assert to_eight_bits(np.array([65535], np.uint16)).tolist() == [255]
    assert to_eight_bits(np.array([255, 3], np.uint16)).tolist() == [255, 3]
    colour = (scene.astype("<u2") << 8).tobytes()
    assert (picture_of(colour, "rgb16", 64, 48, 64 * 6).pixels == scene).all()


@pytest.mark.parametrize(
    ("pattern", "code"), [("rggb", "BG"), ("bggr", "RG"), ("gbrg", "GR"), ("grbg", "GB")]
)
def test_bayer_patterns(scene: np.ndarray, pattern: str, code: str) -> None:
    """As OpenCV does it, whose names give the second row; up to rounding."""
    raw = np.empty((48, 64), np.uint8)
    for index, letter in enumerate(pattern):
        row, column = divmod(index, 2)
        raw[row::2, column::2] = scene[row::2, column::2, "rgb".index(letter)]
    found = picture_of(raw.tobytes(), f"bayer_{pattern}8", 64, 48, 64).pixels
    expected = cv2.cvtColor(raw, getattr(cv2, f"COLOR_Bayer{code}2RGB"))
    assert np.abs(found[1:-1, 1:-1].astype(int) - expected[1:-1, 1:-1]).max() <= 1
    assert np.abs(found.astype(int) - scene).mean() < 4
    deep = picture_of((raw.astype("<u2") << 8).tobytes(), f"bayer_{pattern}16", 64, 48, 128).pixels
    assert (deep == found).all()


@pytest.mark.parametrize(("encoding", "code"), [("yuv422", "UYVY"), ("yuv422_yuy2", "YUY2")])
def test_yuv(scene: np.ndarray, encoding: str, code: str) -> None:
    """As OpenCV does it."""
    rng = np.random.default_rng(0)
    packed = rng.integers(40, 200, (48, 64, 2)).astype(np.uint8)
    found = picture_of(packed.tobytes(), encoding, 64, 48, 128).pixels
    expected = cv2.cvtColor(packed, getattr(cv2, f"COLOR_YUV2RGB_{code}"))
    assert np.abs(found.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("encoding", ["nv12", "nv21", "nv24"])
def test_planes(encoding: str) -> None:
    """Luma, then chroma: by the formulas of BT.601, limited range, one colour to a block of 2 x 2 at most."""
    rng = np.random.default_rng(1)
    luma, blue, red = (
        rng.integers(16, 236, (4, 6)),
        rng.integers(16, 241, (2, 3)),
        rng.integers(16, 241, (2, 3)),
    )
    chromas = [blue, red] if encoding != "nv21" else [red, blue]
    if encoding == "nv24":
        chromas = [plane.repeat(2, axis=0).repeat(2, axis=1) for plane in chromas]
    data = luma.astype(np.uint8).tobytes() + np.stack(chromas, axis=-1).astype(np.uint8).tobytes()
    y = (luma - 16) * 255 / 219
    u, v = ((plane.repeat(2, axis=0).repeat(2, axis=1) - 128) * 255 / 224 for plane in (blue, red))
    expected = np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=-1).clip(0, 255)

    found = picture_of(data, encoding, 6, 4, 6).pixels

    assert np.abs(found - expected).max() <= 1.5
    with pytest.raises(RecordingError, match=f"bytes are too few for 6 x 4 pixels of {encoding}"):
        picture_of(data[:-1], encoding, 6, 4, 6)


def test_what_is_wrong_with_an_image() -> None:
    """Unknown encodings, missing bytes, data that is no image."""
    with pytest.raises(RecordingError, match="the encoding 'rgb10' is not known"):
        picture_of(b"", "rgb10", 1, 1, 4)
    for encoding in ("32FC1", "TYPE_32FC1", "16SC1", "64FC3"):
        with pytest.raises(RecordingError, match=f"images in {encoding} are measurements, such as depth"):
            picture_of(bytes(64), encoding, 1, 1, 0)
    with pytest.raises(
        RecordingError, match="10 bytes are too few for 4 x 4 pixels of mono8 in rows of 4 bytes"
    ):
        picture_of(bytes(10), "mono8", 4, 4, 4)
    with pytest.raises(RecordingError, match="the image cannot be decoded"):
        decoded(b"\xff\xd8\xff but no more")
    assert suffix_of(b"RIFF\0\0\0\0WEBP") == ".webp"
    assert suffix_of(b"\0\0\0\x1cftypavif") == ".avif"
    assert suffix_of(b"\0\0\0\1gB") is None


@pytest.mark.parametrize(
    ("model", "distortion"),
    [
        ("pinhole", (-0.3, 0.1, 0.001, -0.002, 0.02)),
        ("rational", (0.5, 0.2, 0.001, -0.002, 0.02, 0.8, 0.1, 0.01)),
        ("kannala", (-0.05, -0.07, 0.09, -0.05)),
    ],
)
def test_undistortion(model: str, distortion: tuple[float, ...]) -> None:
    """As OpenCV's initUndistortRectifyMap and remap, to a grey level at soft edges."""
    y, x = np.mgrid[0:120, 0:160]
    pixels = (128 + 60 * np.sin(x / 11) + 60 * np.cos(y / 13)).astype(np.uint8)
    matrix = np.array([[110.0, 0, 82], [0, 108, 58], [0, 0, 1]])
    lens = Lens(model, tuple(matrix.ravel()), distortion)
    found = undistorted(Picture(pixels=pixels), lens).pixels
    k = np.array(distortion)
    if model == "kannala":
        maps = cv2.fisheye.initUndistortRectifyMap(matrix, k, np.eye(3), matrix, (160, 120), cv2.CV_32FC1)
    else:
        maps = cv2.initUndistortRectifyMap(matrix, k, None, matrix, (160, 120), cv2.CV_32FC1)
    expected = cv2.remap(pixels, *maps, cv2.INTER_LINEAR)
    inside = (maps[0] > 1) & (maps[0] < 158) & (maps[1] > 1) & (maps[1] < 118)
    assert inside.mean() > 0.5
    assert np.abs(found[inside].astype(int) - expected[inside]).max() <= 1
    colour = undistorted(Picture(pixels=np.repeat(pixels[..., None], 3, axis=2)), lens).pixels
    assert (colour[..., 1] == found).all()


def test_encoded_images(scene: np.ndarray) -> None:
    """An undistorted jpeg becomes a PNG; a picture becomes a PNG of the same pixels; other bytes stay."""
    buffer = BytesIO()
    Image.fromarray(scene).save(buffer, "JPEG", quality=95)
    lens = Lens("pinhole", (60, 0, 32, 0, 60, 24, 0, 0, 1), (0.0,) * 5)
    made = encoded(buffer.getvalue(), "a.png", lens)
    assert made[:4] == b"\x89PNG"
    assert np.abs(np.array(Image.open(BytesIO(made))).astype(int) - scene).mean() < 3
    assert (np.array(Image.open(BytesIO(png_of(Picture(pixels=scene))))) == scene).all()
    assert encoded(b"anything", "a.jpg") == b"anything"
    assert decoded(Picture(pixels=scene)).pixels is scene
