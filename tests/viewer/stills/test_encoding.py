"""Pictures for pages: small, whatever they show."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from kognic.viewer.stills.encoding import PICTURE_LIMIT, encode_layers
from kognic.viewer.stills.raster import draw_points


def decoded(address: str) -> tuple[Image.Image, int]:
    head, _, text = address.partition(",")
    assert head == "data:image/webp;base64"
    data = base64.b64decode(text)
    return Image.open(io.BytesIO(data)), len(data)


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_layers_come_back_as_they_were() -> None:
    """The photo nearly, points exactly: colours tell distances."""
    photo = Image.new("RGB", (64, 48), "#336699")
    points = draw_points((64, 48), [[10, 10], [30, 20]], np.array([[255, 0, 9], [1, 2, 3]], np.uint8), [1, 2])

    first, second = encode_layers(photo, points)

    assert second is not None
    assert np.abs(np.asarray(decoded(first)[0].convert("RGB")).astype(int) - [0x33, 0x66, 0x99]).max() < 8
    back = np.asarray(decoded(second)[0])
    assert np.array_equal(back[..., 3], np.asarray(points)[..., 3])
    assert back[10, 10].tolist() == [255, 0, 9, 255]


def test_noise_gives_way() -> None:
    """What no codec can compress loses quality, then size, until it fits."""
    crowd = noise(1200, 700).convert("RGBA")

    address, layer = encode_layers(noise(1200, 700), crowd)

    assert layer is not None
    assert decoded(address)[1] + decoded(layer)[1] <= PICTURE_LIMIT


def test_photo_without_points() -> None:
    assert encode_layers(Image.new("RGB", (10, 10)), None)[1] is None
