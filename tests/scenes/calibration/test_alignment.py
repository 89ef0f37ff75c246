"""Agreement of points and images: against the textbook's formula, and as it must move."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kognic.scenes.calibration.alignment import (
    WIDTH,
    ImageFeatures,
    Scale,
    SeenPoints,
    agreement,
    describe_image,
    describe_points,
)
from kognic.scenes.content.source import Source

SIZE = (WIDTH, 400)


def picture(pixels: np.ndarray) -> Source:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return Source.of(file.getvalue())


def blocks(rng: np.random.Generator, side: int = 50) -> np.ndarray:
    """A random grey value for each square of pixels, rows by columns."""
    rows, columns = SIZE[1] // side, SIZE[0] // side
    return np.kron(rng.uniform(0, 1, (rows, columns)), np.ones((side, side)))


def seen(values: np.ndarray, rng: np.random.Generator, count: int = 4000, scale: Scale = Scale.COARSE) -> Any:
    """Points whose depth follows the values at their pixels."""
    pixels = rng.uniform(0, SIZE, (count, 2))
    depth = 5 + 20 * values[pixels[:, 1].astype(int), pixels[:, 0].astype(int)]
    return describe_points(pixels, depth, np.zeros(count), np.zeros(count), SIZE, scale)


def features(values: np.ndarray) -> ImageFeatures:
    grey = (values * 255).astype(np.uint8)
    return describe_image(picture(np.repeat(grey[..., None], 3, axis=2)))


@pytest.mark.parametrize("scale", list(Scale))
def test_agreement_is_high_where_points_and_image_belong_together(scale: Scale) -> None:
    """Far above that of points that know nothing of the image, which is about zero."""
    rng = np.random.default_rng(0)
    values, others = blocks(rng), np.roll(blocks(rng), (23, 27), axis=(0, 1))
    image = features(values)

    right = agreement(seen(values, rng, scale=scale), image, scale)
    wrong = agreement(seen(others, rng, scale=scale), image, scale)

    assert right > 0.3
    assert abs(wrong) < 0.2 * right


def test_agreement_falls_as_pixels_move() -> None:
    """Ten pixels off it is lower, forty pixels off it has gone."""
    rng = np.random.default_rng(1)
    values = blocks(rng)
    image, points = features(values), seen(values, rng)

    at = [
        agreement(points, image, Scale.COARSE, points.pixels + np.array([shift, 0])) for shift in (0, 10, 40)
    ]

    assert at[0] > at[1] > at[2]
    assert at[2] < 0.5 * at[0]


def test_agreement_is_pillais_trace() -> None:
    """The sum of squared canonical correlations of both sides without what position explains."""
    rng = np.random.default_rng(2)
    values = blocks(rng)
    image, points = features(values), seen(values, rng)
    column, row = points.pixels.astype(int).T
    shown = image.maps[Scale.COARSE][row, column].astype(float)
    shown -= points.basis @ (points.basis.T @ shown)
    q, _ = np.linalg.qr(shown[:, np.linalg.norm(shown, axis=0) > 1e-6])
    correlations = np.linalg.svd(q.T @ points.columns, compute_uv=False)
    by_chance = points.columns.shape[1] * shown.shape[1] / (len(points) - points.basis.shape[1])

    assert agreement(points, image, Scale.COARSE) == pytest.approx(
        np.sum(correlations**2) - by_chance, abs=0.02
    )


def test_pixels_outside_tell_nothing() -> None:
    """Outside or NaN: as if nothing was shown there."""
    rng = np.random.default_rng(3)
    values = blocks(rng)
    points = seen(values, rng)
    nowhere = np.full_like(points.pixels, np.nan)

    assert agreement(points, features(values), Scale.COARSE, nowhere) <= 0
    assert agreement(points, features(values), Scale.COARSE, nowhere + 1e6) <= 0


def test_describe_points_is_orthonormal() -> None:
    """Columns are free of what the position explains, and of what is the same twice or zero."""
    rng = np.random.default_rng(4)
    points: SeenPoints = seen(blocks(rng), rng)
    width = points.columns.shape[1]

    assert points.columns.T @ points.columns == pytest.approx(np.eye(width), abs=1e-8)
    assert points.basis.T @ points.columns == pytest.approx(np.zeros((10, width)), abs=1e-8)
    assert np.isfinite(points.columns).all()


def test_describe_image_scales() -> None:
    """To one width; the scale says by how much, and each map is standardised."""
    rng = np.random.default_rng(5)
    found = describe_image(picture(rng.integers(0, 255, (300, 1600, 3), np.uint8)))

    assert found.size == (WIDTH, 150)
    assert found.scale == 2
    for layers in found.maps.values():
        assert layers.dtype == np.float32
        assert np.abs(layers).max() <= 3
        assert np.abs(layers.mean(axis=(0, 1))).max() < 0.2


def test_describe_image_without_content() -> None:
    """A uniform image has finite maps, which agree with nothing."""
    found = describe_image(picture(np.full((100, 200, 3), 90, np.uint8)))
    rng = np.random.default_rng(6)

    assert all(np.isfinite(layers).all() for layers in found.maps.values())
    assert abs(agreement(seen(blocks(rng), rng), features(np.full((400, 800), 0.5)), Scale.COARSE)) < 0.05


def test_describe_image_of_a_damaged_file() -> None:
    """What cannot be decoded is an OSError, as of Pillow."""
    with pytest.raises(OSError, match="cannot identify image file"):
        describe_image(Source.of(b"no image"))
