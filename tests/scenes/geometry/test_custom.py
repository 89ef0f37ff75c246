"""Custom cameras on arrays."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from kognic._core.camera_errors import LoadingError
from kognic.scenes.geometry.custom import custom
from tests.scenes.geometry import conftest as make


def test_nan_means_not_seen() -> None:
    """The module says with NaN which points it does not see."""
    to_pixels = custom(make.custom())
    x, y, z = np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([4.0, -4.0])

    u, v, valid = to_pixels(x, y, z)

    assert (u[0], v[0]) == (1210, 1104)
    assert valid.tolist() == [True, False]


def test_module_that_is_no_base64() -> None:
    """What is no Base64 is named as such."""
    broken = attrs.evolve(make.custom(), wasm_base64="not base64!")

    with pytest.raises(LoadingError, match="wasm_base64 is not Base64"):
        custom(broken)
