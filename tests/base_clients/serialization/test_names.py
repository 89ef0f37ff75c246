"""Wire names are the camel case of Python names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kognic.base_clients.serialization import wire_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("uuid", "uuid"),
        ("scene_uuid", "sceneUuid"),
        ("shutter_time_start_ns", "shutterTimeStartNs"),
        ("k1", "k1"),
        ("beta_u", "betaU"),
        ("point3d", "point3D"),
        ("wasm_base64", "wasmBase64"),
        ("horizontal_fov_degree", "horizontalFovDegree"),
    ],
)
def test_wire_name(name: str, expected: str) -> None:
    """The documented names."""
    assert wire_name(name) == expected


@given(st.from_regex(r"[a-z]+(_[a-z]+)*", fullmatch=True))
def test_wire_name_loses_nothing(name: str) -> None:
    """A name without digits can be restored from its wire name."""
    assert re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", wire_name(name)) == name
