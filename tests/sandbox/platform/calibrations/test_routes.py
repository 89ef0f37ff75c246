"""Calibrations."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.protocol import IDENTITY, ORIGIN, Api, camera, lidar

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def create(api: Api, calibration: dict[str, Any], name: str = "rig") -> Any:
    path = f"/v1/calibrations?workspaceId={api.workspace}"
    return api.post(path, {"externalId": name, "calibration": calibration})


def refuse(api: Api, calibration: Any, status: int = 400, name: str = "rig") -> str:
    path = f"/v1/calibrations?workspaceId={api.workspace}"
    return api.refuse("POST", path, status, json={"externalId": name, "calibration": calibration})


def every_type() -> dict[str, Any]:
    """One calibration of each type."""
    base = {"position": ORIGIN, "rotation_quaternion": IDENTITY, "image_height": 6, "image_width": 8}
    standard = {**base, "camera_matrix": {"fx": 1.0, "fy": 1.0, "cx": 1.0, "cy": 1.0}}
    distortion = {"k1": 0.5, "k2": 0.0, "p1": 0.0, "p2": 0.0}
    coefficients = {f"c{i}": float(i) for i in range(1, 7)}
    test_case = {"point3d": {"x": 1.0, "y": 2.0, "z": 3.0}, "point2d": {"x": 4.0, "y": 5.0}}
    return {
        "LIDAR": {
            **lidar(),
            "field_of_view": {"start_angle_deg": 315.0, "stop_angle_deg": 45.0, "depth": 9.0},
        },
        "PINHOLE": camera(field_of_view=90.0),
        "FISHEYE": {
            **standard,
            "calibration_type": "fisheye",
            "distortion_coefficients": {**distortion, "k3": 0.0},
            "xi": 1.1,
        },
        "KANNALA": {
            **standard,
            "calibration_type": "kannala",
            "distortion_coefficients": distortion,
            "undistortion_coefficients": {"l1": 1.0, "l2": 2.0, "l3": 3.0, "l4": 4.0},
        },
        "PPD": {
            **standard,
            "calibration_type": "principal_point_distortion",
            "principal_point_distortion_coefficients": {"k1": 0.1, "k2": 0.2},
            "distortion_center": {"x": 0.0, "y": 0.0},
            "principal_point": {"x": 1.0, "y": 2.0},
            "lens_projection_coefficients": coefficients,
        },
        "FUSED": {
            **standard,
            "calibration_type": "fused_cylindrical",
            "cut_angles_degree": {"upper": -40.0, "lower": 30.0},
            "vertical_fov_degree": 72.5,
            "horizontal_fov_degree": 93.0,
            "max_altitude_angle_degree": 90.0,
        },
        "CYLINDRICAL": {**standard, "calibration_type": "cylindrical"},
        "PPF": {
            **standard,
            "calibration_type": "principal_point_fisheye",
            "principal_point_fisheye_coefficients": {
                "alpha_l": 0.1,
                "alpha_r": 0.2,
                "beta_u": 0.3,
                "beta_l": 0.4,
            },
        },
        "CUSTOM": {
            **base,
            "calibration_type": "custom",
            "wasm_base64": base64.b64encode(b"\0asm\1\0\0\0").decode(),
            "test_cases": [test_case],
        },
    }


def test_every_type_comes_back(api: Api) -> None:
    """All types are stored and answered as they were sent, in snake_case."""
    sent = every_type()

    made = create(api, sent)

    assert made["calibration"] == sent
    assert (made["externalId"], made["workspaceId"]) == ("rig", api.workspace)
    assert api.get(f"/v1/calibrations?id={made['id']}") == made


def test_documented_example(api: Api, shared_folder: Path) -> None:
    """The protocol's own example is taken."""
    text = (shared_folder / "protocol" / "models.md").read_text()
    match = re.search(r"<!-- example:calibration -->\s*```json\n(.*?)```", text, re.DOTALL)
    assert match
    example = json.loads(match[1])

    assert set(create(api, example["calibration"])["calibration"]) == set(example["calibration"])


test_documented_example = pytest.mark.shared(test_documented_example)


def test_defaults(api: Api) -> None:
    """What has a default may be left out."""
    fused = every_type()["FUSED"]
    for name in ("vertical_fov_degree", "horizontal_fov_degree", "max_altitude_angle_degree"):
        del fused[name]

    stored = create(api, {"C": fused})["calibration"]["C"]

    assert (stored["vertical_fov_degree"], stored["horizontal_fov_degree"]) == (72.5, 93)


def test_lists(api: Api) -> None:
    """All that the caller may see, or those with an external id."""
    create(api, {"L": lidar()}, "a")
    create(api, {"L": lidar()}, "b")

    assert [one["externalId"] for one in api.get("/v1/calibrations")] == ["a", "b"]
    assert [one["externalId"] for one in api.get("/v1/calibrations?externalId=b")] == ["b"]
    assert api.get("/v1/calibrations?externalId=none") == []
    api.refuse("GET", f"/v1/calibrations?id={UNKNOWN}", 404)


def test_external_id_is_unique_in_its_workspace(api: Api) -> None:
    """A second calibration of the same name is refused; another workspace may use it."""
    create(api, {"L": lidar()})

    assert refuse(api, {"L": lidar()}, 409) == "A calibration with external id rig already exists"
    other = api.sandbox.control.create_workspace("other")
    body = {"externalId": "rig", "calibration": {"L": lidar()}}
    assert api.post(f"/v1/calibrations?workspaceId={other}", body)["workspaceId"] == other


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in camera().items() if key != name}


@pytest.mark.parametrize(
    ("calibration", "message"),
    [
        ({}, "calibration: Dictionary should have at least 1 item"),
        ({"C": without("calibration_type")}, "calibration.C: Unable to extract tag"),
        ({"C": camera(calibration_type="orthographic")}, "orthographic"),
        ({"C": without("camera_matrix")}, "calibration.C.pinhole.camera_matrix: Field required"),
        ({"C": camera(image_width=0)}, "image_width"),
        ({"C": camera(image_width=8.5)}, "image_width"),
        ({"C": camera(position={"x": 0.0, "y": 0.0})}, "position.z: Field required"),
        ({"C": camera(rotationQuaternion=IDENTITY, rotation_quaternion=None)}, "rotation_quaternion"),
        ({"C": {**every_type()["CUSTOM"], "wasm_base64": "!"}}, "wasm_base64 of C is not Base64"),
        ({"C": {**every_type()["CUSTOM"], "wasm_base64": "AAAA"}}, "is not a WebAssembly module"),
        (
            {"C": {**every_type()["CUSTOM"], "test_cases": every_type()["CUSTOM"]["test_cases"] * 101}},
            "at most 100",
        ),
    ],
)
def test_refused(api: Api, calibration: dict[str, Any], message: str) -> None:
    """What is no calibration is refused with the place."""
    assert message in refuse(api, calibration)


def test_needs_a_writable_workspace(api: Api) -> None:
    """The workspace is named in the query."""
    body = {"externalId": "x", "calibration": {"L": lidar()}}

    api.refuse("POST", "/v1/calibrations", 404, json=body)
    api.refuse("POST", f"/v1/calibrations?workspaceId={UNKNOWN}", 404, json=body)
