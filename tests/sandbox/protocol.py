"""What a client sends, written from the protocol with plain requests; nothing of the client is used."""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import requests
from PIL import Image

from kognic.sandbox import Sandbox

T0 = 1_700_000_000_000_000_000
MS = 1_000_000
IDENTITY = {"w": 1.0, "x": 0.0, "y": 0.0, "z": 0.0}
ORIGIN = {"x": 0.0, "y": 0.0, "z": 0.0}
POSE = {"position": ORIGIN, "rotation": IDENTITY}


def jpeg(width: int = 8, height: int = 6) -> bytes:
    """A small picture."""
    return image("JPEG", width, height)


def image(kind: str, width: int = 8, height: int = 6) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (width, height), (200, 30, 90)).save(buffer, kind)
    return buffer.getvalue()


def csv_cloud(times: Iterable[int] = (T0,)) -> bytes:
    """A point cloud with one point per time."""
    rows = [f"{time},1.5,-2.0,0.25,{index % 256}" for index, time in enumerate(times)]
    return "\n".join(["ts_gps,x,y,z,intensity", *rows, ""]).encode()


def las_cloud(version: tuple[int, int] = (1, 2), point_format: int = 3) -> bytes:
    """A LAS file with one point (ASPRS LAS 1.2: public header block, then records)."""
    header = bytearray(227)
    header[0:4] = b"LASF"
    header[24], header[25] = version
    struct.pack_into("<HII", header, 94, 227, 227, 0)
    struct.pack_into("<BHI", header, 104, point_format, 34, 1)
    struct.pack_into("<3d", header, 131, 0.001, 0.001, 0.001)
    return bytes(header) + struct.pack("<3iH", 1000, 2000, 3000, 7) + bytes(20)


def imu(first: int = T0 - 100 * MS, last: int = T0 + 1000 * MS, step: int = 50 * MS) -> list[dict[str, Any]]:
    """Samples of a vehicle that stands still."""
    return [
        {"position": ORIGIN, "rotationQuaternion": IDENTITY, "timestamp": time}
        for time in range(first, last + 1, step)
    ]


def resource(name: str, sensor: str) -> dict[str, Any]:
    return {"filename": name, "resourceId": name, "sensorName": sensor, "clientFilename": name}


def camera(**changes: Any) -> dict[str, Any]:
    """A pinhole calibration."""
    return {
        "calibration_type": "pinhole",
        "position": ORIGIN,
        "rotation_quaternion": IDENTITY,
        "image_height": 6,
        "image_width": 8,
        "camera_matrix": {"fx": 10.0, "fy": 10.0, "cx": 4.0, "cy": 3.0},
        "distortion_coefficients": {"k1": 0.0, "k2": 0.0, "p1": 0.0, "p2": 0.0, "k3": 0.0},
        **changes,
    }


def lidar() -> dict[str, Any]:
    return {"calibration_type": "lidar", "position": ORIGIN, "rotation_quaternion": IDENTITY}


def sequence_frame(index: int, **parts: Any) -> dict[str, Any]:
    """A frame of a sequence, 100 ms after the one before; parts that are None are left out."""
    frame = {
        "frameId": f"frame-{index}",
        "relativeTimestamp": index * 100,
        "metadata": {},
        "pointClouds": [resource(f"l{index}.csv", "ROOF")],
        "images": [resource(f"c{index}.jpg", "FRONT")],
        "unixTimestamp": T0 + index * 100 * MS,
        "egoVehiclePose": POSE,
        **parts,
    }
    return {key: value for key, value in frame.items() if value is not None}


def files_of(body: Mapping[str, Any]) -> dict[str, bytes]:
    """Good content for every file of a typed scene, by resource id."""
    frames = body["frames"] if "frames" in body else [body["frame"]]
    content: dict[str, bytes] = {}
    for frame in frames:
        for one in frame.get("images", []):
            content[one["resourceId"]] = jpeg()
        for one in frame.get("pointClouds", []):
            content[one["resourceId"]] = csv_cloud([frame.get("unixTimestamp", T0)])
    return content


def unsigned(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer whose view link has lost its signature, which differs every second."""
    return {**answer, "viewLink": str(answer["viewLink"]).partition("?")[0]}


@dataclass
class Api:
    """Calls with a token, as the protocol has them."""

    sandbox: Sandbox
    credentials: dict[str, Any]
    session: requests.Session = field(default_factory=requests.Session)

    def login(self, **form: str) -> None:
        """Fetch a token and use it from now on."""
        answer = self.token(**form)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def token(self, **form: str) -> requests.Response:
        """A token request with the credentials in the form; `form` changes or adds fields."""
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.credentials["clientId"],
            "client_secret": self.credentials["clientSecret"],
            **form,
        }
        return requests.post(f"{self.sandbox.url}/v1/auth/oauth/token", data=fields, timeout=10)

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.session.request(method, self.sandbox.url + path, timeout=10, **kwargs)

    def call(
        self, method: str, path: str, *, status: int | tuple[int, ...] = (200, 204), **kwargs: Any
    ) -> Any:
        """The `data` of the answer; None when there is no body. Any other status fails the test."""
        answer = self.send(method, path, **kwargs)
        expected = (status,) if isinstance(status, int) else status
        assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text}"
        if not answer.content:
            return None
        return answer.json()["data"]

    def refuse(self, method: str, path: str, status: int, **kwargs: Any) -> str:
        """The message of the refusal that the call must get."""
        answer = self.send(method, path, **kwargs)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        message = answer.json()["message"]
        assert isinstance(message, str)
        return message

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> Any:
        return self.call("POST", path, json=json, **kwargs)

    @property
    def workspace(self) -> str:
        return self.sandbox.workspace_id

    def initialize(self) -> str:
        return str(self.post("/v1/inputs/initialize", {"workspaceId": self.workspace})["sceneUuid"])

    def calibration(self, **sensors: dict[str, Any]) -> str:
        """A new calibration of a camera FRONT and a lidar ROOF, or of the sensors given."""
        body = {
            "externalId": f"calibration-{uuid.uuid4()}",
            "calibration": sensors or {"FRONT": camera(), "ROOF": lidar()},
        }
        return str(self.post(f"/v1/calibrations?workspaceId={self.workspace}", body)["id"])

    def body(self, kind: str, **changes: Any) -> dict[str, Any]:
        """The body of a typed scene call that the platform takes; changes that are None take keys away."""
        frames = {
            "cameras": {"frame": {"images": [resource("c0.jpg", "FRONT")]}},
            "lidars": {"frame": {"pointClouds": [resource("l0.csv", "ROOF")], "unixTimestamp": T0}},
            "lidars-and-cameras": {
                "frame": {
                    "images": [resource("c0.jpg", "FRONT")],
                    "pointClouds": [resource("l0.csv", "ROOF")],
                    "unixTimestamp": T0,
                }
            },
            "cameras-sequence": {
                "frames": [
                    sequence_frame(i, pointClouds=None, egoVehiclePose=None, unixTimestamp=None)
                    for i in range(2)
                ]
            },
            "lidars-sequence": {"frames": [sequence_frame(i, images=None) for i in range(2)]},
        }
        body: dict[str, Any] = {
            "externalId": f"scene-{uuid.uuid4()}",
            "metadata": {},
            "internalId": self.initialize(),
            "featureFlags": {"shouldMotionCompensate": True},
            **frames.get(kind, {"frames": [sequence_frame(i) for i in range(2)]}),
        }
        if "lidars-and-cameras" in kind:
            body["calibrationId"] = self.calibration()
        body.update(changes)
        return {key: value for key, value in body.items() if value is not None}

    def upload(self, urls: Mapping[str, str], content: Mapping[str, bytes]) -> None:
        for key, url in urls.items():
            answer = requests.put(url, data=content[key], timeout=10)
            assert answer.status_code == 200, answer.text

    def commit(self, scene: str) -> None:
        self.post(f"/v1/inputs/{scene}/actions/commit")

    def settle(self) -> None:
        """Wait until the platform has done what it does by itself."""
        assert self.sandbox.control.wait_until_idle(30)

    def create(
        self,
        kind: str = "cameras",
        content: Mapping[str, bytes] | None = None,
        *,
        target: str = "",
        **changes: Any,
    ) -> str:
        """A typed scene, uploaded, committed and processed; its UUID."""
        body = self.body(kind, **changes)
        made = self.post(f"/v1/inputs/{target}{kind}?workspaceId={self.workspace}", body)
        self.upload(made["files"], {**files_of(body), **(content or {})})
        self.commit(made["internalId"])
        self.settle()
        return str(made["internalId"])

    def scene(self, uuid: str) -> dict[str, Any]:
        """A scene as the query answers it."""
        found = self.post("/v2/scenes/query", {"sceneUuids": [uuid]})
        assert len(found) == 1
        return dict(found[0])

    def status(self, uuid: str) -> str:
        return str(self.scene(uuid)["status"])

    def place(self, scene: str | None = None, **body: str) -> dict[str, Any]:
        """An input of a scene (a new one if none is given) in the default project."""
        target = body or {"projectExtId": "sandbox-project"}
        return dict(self.post("/v2/inputs", {"sceneUuid": scene or self.create(), **target}))

    def request_input(self, uuid: str) -> dict[str, Any]:
        return dict(self.get(f"/v2/request-inputs/{uuid}"))


def document(**parts: Any) -> dict[str, Any]:
    """An OpenLABEL document."""
    return {"openlabel": {"metadata": {"schema_version": "1.0.0"}, **parts}}


def cuboid_document(val: Iterable[float] = (1, 2, 3, 0, 0, 0, 1, 1.8, 4.1, 1.4)) -> dict[str, Any]:
    """A delivered annotation with one cuboid and one box."""
    object_id = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
    attributes = {"text": [{"name": "stream", "val": "ROOF"}]}
    data = {
        "cuboid": [{"name": "c", "val": [float(one) for one in val], "attributes": attributes}],
        "bbox": [{"name": "b", "val": [4.0, 3.0, 2.0, 1.0]}],
    }
    return document(
        objects={object_id: {"name": "car", "type": "Car"}},
        frames={"0": {"frame_properties": {"timestamp": 0}, "objects": {object_id: {"object_data": data}}}},
    )


def as_json(response: requests.Response) -> Any:
    return json.loads(response.content)
