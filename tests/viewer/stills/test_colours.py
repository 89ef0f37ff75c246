"""Colours say what they are meant to say."""

from __future__ import annotations

import cv2
import numpy as np

from kognic.viewer.stills.colours import DepthScale, height_colours, kind_colours, rgb, turbo


def test_turbo_is_that_of_opencv() -> None:
    """In the part that distances use, the polynomial stays within a tenth of the published table."""
    shades = np.arange(15, 238, dtype=np.uint8)[:, None]
    table = cv2.applyColorMap(shades, cv2.COLORMAP_TURBO)[:, 0, ::-1]

    assert np.abs(turbo(shades[:, 0] / 255).astype(int) - table.astype(int)).max() <= 24


def test_near_is_red_and_far_is_blue() -> None:
    red, _, blue = DepthScale(2, 80).colours([2, 80]).T.astype(int)

    assert red[0] > 150 > blue[0]
    assert blue[1] > 150 > red[1]


def test_scale_is_logarithmic_and_ends() -> None:
    assert np.allclose(DepthScale(1, 100).share([0, 0.5, 1, 10, 100, 999]), [0, 0, 0, 0.5, 1, 1])


def test_scale_fits_most_distances() -> None:
    """A few strays at both ends do not stretch it."""
    depth = np.concatenate([[0.01], np.linspace(4, 45, 1000), [900]])

    assert DepthScale.fitting(depth) == DepthScale(3, 50)
    assert DepthScale.fitting([]) == DepthScale(2, 80)
    assert DepthScale.fitting([7, 7]) == DepthScale(5, 10)
    assert DepthScale.fitting([0.001, 3000]).far > 1000


def test_ticks_have_room() -> None:
    scale = DepthScale(3, 100)
    ticks = scale.ticks()

    assert (ticks[0], ticks[-1]) == (3, 100)
    assert np.diff(scale.share(ticks)).min() >= 0.1


def test_heights_go_from_dark_to_light() -> None:
    brightness = height_colours(np.linspace(-2, 5, 50)).sum(axis=1).astype(int)

    assert (np.diff(brightness) >= 0).all()
    assert brightness[-1] - brightness[0] > 300
    assert height_colours([]).shape == (0, 3)


def test_kinds_have_colours_of_their_own() -> None:
    colours = kind_colours(["Car", "Pedestrian", "Car", ""])

    assert list(colours) == ["", "Car", "Pedestrian"]
    assert len(set(colours.values())) == 3
    assert rgb("#0180ff") == (1, 128, 255)
