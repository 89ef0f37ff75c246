"""Scenes by type: initialize, IMU data, post, upload, commit, processing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.protocol import (
    MS,
    POSE,
    T0,
    Api,
    camera,
    csv_cloud,
    files_of,
    image,
    imu,
    jpeg,
    las_cloud,
    lidar,
    resource,
    sequence_frame,
    unsigned,
)

KINDS = [
    "cameras",
    "cameras-sequence",
    "lidars",
    "lidars-sequence",
    "lidars-and-cameras",
    "lidars-and-cameras-sequence",
    "aggregated-lidars-and-cameras-sequence",
]
SEQUENCE = "lidars-and-cameras-sequence"
AGGREGATED = "aggregated-lidars-and-cameras-sequence"


def post(api: Api, kind: str, body: dict[str, Any], target: str = "", **kwargs: Any) -> Any:
    return api.post(f"/v1/inputs/{target}{kind}?workspaceId={api.workspace}", body, **kwargs)


def refuse(api: Api, kind: str, body: dict[str, Any], status: int = 400, target: str = "") -> str:
    """The message of a refusal, which a dry run must get as well."""
    path = f"/v1/inputs/{target}{kind}?workspaceId={api.workspace}"
    dry = api.refuse("POST", path, status, json=body, headers={"X-Dryrun": ""})
    assert api.refuse("POST", path, status, json=body) == dry
    return dry


def with_imu(api: Api, body: dict[str, Any], samples: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Validate and upload IMU data; the body that names it."""
    data = imu() if samples is None else samples
    path = f"/v1/imu?workspaceId={api.workspace}"
    made = api.post(path, {"internalId": body["internalId"], "imuData": data})
    api.upload({"imu": made["signedUrl"]}, {"imu": json.dumps(data).encode()})
    return {**body, "imuData": made["resourceId"]}


def run(api: Api, kind: str, body: dict[str, Any], content: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Post, upload, commit, wait; the scene."""
    made = post(api, kind, body)
    api.upload(made["files"], {**files_of(body), **(content or {})})
    api.commit(made["internalId"])
    api.settle()
    return api.scene(made["internalId"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_type(api: Api, kind: str) -> None:
    """A scene of each type is created, under the UUID that initialize handed out, byte by byte."""
    body = api.body(kind, metadata={"region": "EU", "night": False, "speed": 31.5, "run": 7})

    scene = run(api, kind, body)

    assert unsigned(scene) == {
        "uuid": body["internalId"],
        "workspaceId": api.workspace,
        "externalId": body["externalId"],
        "sceneType": kind.replace("-", "_"),
        "status": "created",
        "created": scene["created"],
        "viewLink": f"{api.sandbox.url}/view/scene/{body['internalId']}",
        **({"calibrationId": body["calibrationId"]} if "calibrationId" in body else {}),
    }
    for name, content in files_of(body).items():
        assert api.sandbox.control.stored_bytes(scene["uuid"], name) == content


@pytest.mark.parametrize("kind", KINDS)
def test_dry_run(api: Api, kind: str) -> None:
    """A dry run creates nothing, reserves what initialize has reserved, and answers with JSON."""
    body = api.body(kind)

    answer = api.send(
        "POST", f"/v1/inputs/{kind}?workspaceId={api.workspace}", json=body, headers={"X-Dryrun": ""}
    )

    assert (answer.status_code, answer.json()) == (200, {"data": {}})
    api.refuse("POST", "/v2/scenes/query", 404, json={"sceneUuids": [body["internalId"]]})
    api.refuse("GET", f"/v2/scenes/{body['internalId']}", 404)


def test_reserved_uuid_is_not_visible(api: Api) -> None:
    """Initialize reserves a UUID and nothing more."""
    uuid = api.initialize()

    api.refuse("GET", f"/v2/scenes/{uuid}", 404)
    assert "no specification" in api.refuse("POST", f"/v1/inputs/{uuid}/actions/commit", 400)


def test_life_cycle(api: Api) -> None:
    """pending until the commit, processing while files are checked, created with a view link."""
    body = api.body("cameras")
    made = post(api, "cameras", body)
    uuid = made["internalId"]
    assert made == {"internalId": uuid, "files": made["files"], "requestInputUuid": None}
    assert list(made["files"]) == ["c0.jpg"]

    assert api.scene(uuid)["status"] == "pending"
    assert "viewLink" not in api.scene(uuid)
    api.upload(made["files"], files_of(body))
    with api.sandbox.control.held():
        api.commit(uuid)
        assert api.status(uuid) == "processing"
    api.settle()

    assert api.status(uuid) == "created"


def test_commit_again(api: Api) -> None:
    """Committing again changes nothing, whatever has become of the scene."""
    uuid = api.create()

    api.commit(uuid)

    assert api.status(uuid) == "created"


def test_commit_of_unknown_scene(api: Api) -> None:
    """There is nothing to commit: 404."""
    message = api.refuse("POST", "/v1/inputs/00000000-0000-0000-0000-000000000000/actions/commit", 404)

    assert message == "There is no scene 00000000-0000-0000-0000-000000000000"


def test_commit_without_files(api: Api) -> None:
    """A commit before all files are there makes the scene fail, naming them."""
    made = post(api, "cameras", api.body("cameras"))
    api.commit(made["internalId"])
    api.settle()

    scene = api.scene(made["internalId"])
    assert (scene["status"], scene["errorMessage"]) == ("failed", "Files were not uploaded: c0.jpg")


def test_post_again_before_the_commit(api: Api) -> None:
    """Posting again hands out fresh URLs for the same scene; after the commit it is refused."""
    body = api.body("cameras")
    first = post(api, "cameras", body, "project/sandbox-project/")
    second = post(api, "cameras", body, "project/sandbox-project/")

    assert first["internalId"] == second["internalId"]
    api.upload(second["files"], files_of(body))
    api.commit(second["internalId"])
    api.settle()
    assert "cannot be posted again" in refuse(api, "cameras", body, 409)
    listed = api.post("/v2/inputs/query", {"sceneUuids": [body["internalId"]]})
    assert [one["uuid"] for one in listed] == [second["requestInputUuid"]]


def test_resources_are_listed_once(api: Api) -> None:
    """A file that several frames share is uploaded once."""
    shared = resource("same.jpg", "FRONT")
    frames = [sequence_frame(i, pointClouds=None, images=[shared]) for i in range(3)]
    body = api.body("cameras-sequence", frames=frames)

    assert list(post(api, "cameras-sequence", body)["files"]) == ["same.jpg"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"internalId": "made-up"}, "internalId made-up has not been handed out by initialize"),
        ({"externalId": None}, "externalId: Field required"),
        ({"externalId": 7}, "externalId: Input should be a valid string"),
        ({"frame": {"images": []}}, "frame.images: List should have at least 1 item"),
        (
            {"frame": {"images": [resource(f"{i}.jpg", f"C{i}") for i in range(10)]}},
            "frame.images: List should have at most 9 items",
        ),
        (
            {"frame": {"images": [resource("a.jpg", "FRONT"), resource("b.jpg", "FRONT")]}},
            "Frame 0 has more than one resource of FRONT",
        ),
        ({"metadata": {"a": {"b": 1}}}, "metadata.a"),
        ({"metadata": {"a": None}}, "metadata.a"),
        ({"metadata": {"a": [1]}}, "metadata.a"),
        ({"metadata": {"region": 1}}, "region must be text"),
        ({"featureFlags": {"shouldMotionCompensate": "yes"}}, "featureFlags.shouldMotionCompensate"),
        ({"imuData": "imu/made-up.json"}, "is not what POST /v1/imu has answered"),
    ],
)
def test_refused_cameras(api: Api, body: dict[str, Any], message: str) -> None:
    """What breaks a rule is answered with 400 and the place."""
    found = refuse(api, "cameras", api.body("cameras", **body))

    assert found.startswith("Validation failed: ")
    assert message in found


def frames_with(**parts: Any) -> list[dict[str, Any]]:
    """Two good frames, the second with changes."""
    return [sequence_frame(0), sequence_frame(1, **parts)]


@pytest.mark.parametrize(
    ("kind", "frames", "message"),
    [
        (SEQUENCE, [], "frames: List should have at least 1 item"),
        (SEQUENCE, frames_with(frameId="frame-0"), "frameId frame-0 is used by more than one frame"),
        (SEQUENCE, frames_with(relativeTimestamp=0), "relativeTimestamp must increase"),
        (SEQUENCE, frames_with(relativeTimestamp=-5), "relativeTimestamp must increase"),
        (SEQUENCE, frames_with(relativeTimestamp=1.5), "frames.1.relativeTimestamp"),
        (SEQUENCE, frames_with(egoVehiclePose=None), "Ego poses must be given for all frames or none"),
        (SEQUENCE, frames_with(pointClouds=[]), "frames.1.pointClouds: List should have at least 1 item"),
        (
            SEQUENCE,
            [sequence_frame(i, images=[]) for i in range(2)],
            "A scene of type lidars_and_cameras_sequence needs images",
        ),
        (
            "cameras-sequence",
            frames_with(images=[resource(f"{i}.jpg", f"C{i}") for i in range(10)]),
            "frames.1.images: List should have at most 9 items",
        ),
        (
            SEQUENCE,
            frames_with(pointClouds=[resource(f"{i}.las", f"L{i}") for i in range(21)]),
            "frames.1.pointClouds: List should have at most 20 items",
        ),
        (SEQUENCE, frames_with(metadata={"deep": {}}), "frames.1.metadata.deep"),
        (
            SEQUENCE,
            frames_with(images=[resource("x.jpg", "REAR")]),
            "Sensor REAR is missing in the calibration",
        ),
        (SEQUENCE, frames_with(pointClouds=[resource("x.las", "SIDE")]), "Sensor SIDE is missing"),
        (
            SEQUENCE,
            frames_with(images=[resource("x.jpg", "ROOF")], pointClouds=[resource("x.las", "FRONT")]),
            "Sensor ROOF is used as a camera, but its calibration is of type lidar",
        ),
        (AGGREGATED, frames_with(egoVehiclePose=None), "frames.1.egoVehiclePose: Field required"),
        (
            AGGREGATED,
            [sequence_frame(0, pointClouds=[]), sequence_frame(1)],
            "The first frame of an aggregated sequence must have point clouds",
        ),
        (
            AGGREGATED,
            [sequence_frame(0), sequence_frame(1), sequence_frame(2, pointClouds=[])],
            "Either every frame of an aggregated sequence has point clouds, or only the first one",
        ),
    ],
)
def test_refused_frames(api: Api, kind: str, frames: list[dict[str, Any]], message: str) -> None:
    """Rules on frames."""
    assert message in refuse(api, kind, api.body(kind, frames=frames))


@pytest.mark.parametrize("images", [[], None])
def test_camera_drop_out(api: Api, images: list[Any] | None) -> None:
    """A frame of a sequence may lack its images."""
    frames = [sequence_frame(0, images=images), sequence_frame(1)]

    assert run(api, SEQUENCE, api.body(SEQUENCE, frames=frames))["status"] == "created"


def test_pre_aggregated(api: Api) -> None:
    """Only the first frame of an aggregated sequence needs point clouds."""
    body = api.body(AGGREGATED, frames=[sequence_frame(0), sequence_frame(1, pointClouds=[])])

    assert run(api, AGGREGATED, body)["status"] == "created"


def test_calibration_must_exist(api: Api) -> None:
    """A calibration of nobody, or of another workspace, is refused."""
    other = api.sandbox.control.create_workspace("other")
    body = {"externalId": "x", "calibration": {"FRONT": camera(), "ROOF": lidar()}}
    foreign = api.post(f"/v1/calibrations?workspaceId={other}", body)["id"]

    for unknown in ("made-up", foreign):
        found = refuse(api, SEQUENCE, api.body(SEQUENCE, calibrationId=unknown))
        assert f"There is no calibration {unknown} in workspace {api.workspace}" in found
    assert "calibrationId: Field required" in refuse(api, SEQUENCE, api.body(SEQUENCE, calibrationId=None))


def test_workspace_must_be_writable(api: Api) -> None:
    """An unknown workspace is 404, one without the role developer is 403."""
    watched = api.sandbox.control.create_workspace("watched", roles=["viewer"])

    unknown = {"workspaceId": "made-up"}
    assert "made-up" in api.refuse("POST", "/v1/inputs/initialize", 404, json=unknown)
    seen = {"workspaceId": watched}
    assert "role developer" in api.refuse("POST", "/v1/inputs/initialize", 403, json=seen)


def test_uuid_of_another_workspace(api: Api) -> None:
    """A UUID serves in the workspace it was reserved in."""
    other = api.sandbox.control.create_workspace("other")
    body = api.body("cameras")

    message = api.refuse("POST", f"/v1/inputs/cameras?workspaceId={other}", 400, json=body)

    assert "was reserved in another workspace" in message


class TestTarget:
    """Project and batch in the path."""

    def test_input_is_made_with_the_scene(self, api: Api) -> None:
        """The input that was announced is listed when the scene is ready, and not before."""
        body = api.body("cameras")
        made = post(api, "cameras", body, "project/sandbox-project/batch/batch-1/")
        assert made["requestInputUuid"]
        query = {"project": "sandbox-project", "batch": "batch-1"}
        assert api.post("/v2/inputs/query", query) == []

        api.upload(made["files"], files_of(body))
        api.commit(made["internalId"])
        api.settle()

        [listed] = api.post("/v2/inputs/query", query)
        assert (listed["uuid"], listed["sceneUuid"]) == (made["requestInputUuid"], made["internalId"])

    def test_several_requests(self, api: Api) -> None:
        """One input per request; their UUIDs are not known in advance."""
        api.sandbox.control.create_request("sandbox-project", "batch-1")
        body = api.body("cameras")

        made = post(api, "cameras", body, "project/sandbox-project/")

        assert made["requestInputUuid"] is None
        api.upload(made["files"], files_of(body))
        api.commit(made["internalId"])
        api.settle()
        assert len(api.post("/v2/inputs/query", {"sceneUuids": [made["internalId"]]})) == 2

    def test_failed_scene_gets_no_input(self, api: Api) -> None:
        """No input of a scene that failed is ever listed."""
        uuid = api.create("cameras", {"c0.jpg": b"no image"}, target="project/sandbox-project/")

        assert api.status(uuid) == "failed"
        assert api.post("/v2/inputs/query", {}) == []

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("project/none/", "There is no project none"),
            ("project/sandbox-project/batch/none/", "There is no batch none in project sandbox-project"),
        ],
    )
    def test_unknown(self, api: Api, target: str, message: str) -> None:
        """Unknown names are 404."""
        assert refuse(api, "cameras", api.body("cameras"), 404, target) == message

    def test_closed_batch(self, api: Api) -> None:
        """A published batch takes nothing; a project without an open batch neither."""
        api.post("/v1/projects/sandbox-project/batches/batch-1/publish")

        named = refuse(api, "cameras", api.body("cameras"), 400, "project/sandbox-project/batch/batch-1/")
        assert named == "Batch batch-1 is ready and takes no more inputs"
        latest = refuse(api, "cameras", api.body("cameras"), 404, "project/sandbox-project/")
        assert latest == "Project sandbox-project has no open batch"

    def test_scene_type(self, api: Api) -> None:
        """A request that takes one type refuses others; lidar-and-camera sequences serve aggregated ones."""
        control = api.sandbox.control
        control.create_batch("sandbox-project", "b2")
        control.create_request("sandbox-project", "b2", input_type="aggregated_lidars_and_cameras_sequence")

        found = refuse(api, "cameras", api.body("cameras"), 400, "project/sandbox-project/batch/b2/")

        assert "takes scenes of type aggregated_lidars_and_cameras_sequence, not cameras" in found
        for kind in (SEQUENCE, AGGREGATED):
            post(api, kind, api.body(kind), "project/sandbox-project/batch/b2/")

    def test_names_with_slashes(self, api: Api) -> None:
        """Identifiers may hold what means something in a URL, when it is percent-encoded."""
        api.sandbox.control.create_project("a/b c?")
        api.sandbox.control.create_batch("a/b c?", "ü/1")
        api.sandbox.control.create_request("a/b c?", "ü/1")

        made = post(api, "cameras", api.body("cameras"), "project/a%2Fb%20c%3F/batch/%C3%BC%2F1/")

        assert made["requestInputUuid"]


class TestMultiSensor:
    """A batch with a multi-sensor configuration."""

    TARGET = "project/sandbox-project/batch/multi/"

    @pytest.fixture(autouse=True)
    def batch(self, api: Api) -> None:
        api.sandbox.control.create_batch("sandbox-project", "multi", is_multi_sensor=True)
        api.sandbox.control.create_request("sandbox-project", "multi")

    def frames(self, **parts: Any) -> list[dict[str, Any]]:
        shutter = {"shutterTimeStartNs": T0, "shutterTimeEndNs": T0 + MS}
        images = [{**resource("c0.jpg", "FRONT"), "metadata": shutter}]
        return [sequence_frame(0, **{"images": images, **parts})]

    def test_order_of_the_checks(self, api: Api) -> None:
        """The documented texts, to the letter, one after the other."""
        start = "Validation failed: "
        missing = f"{start}Required multi-sensor resource is missing: "

        body = api.body(SEQUENCE, frames=self.frames())
        assert refuse(api, SEQUENCE, body, 400, self.TARGET) == f"{missing}imu data"
        body = with_imu(api, api.body(SEQUENCE, frames=self.frames(unixTimestamp=None, egoVehiclePose=None)))
        text = f"{start}If imu data is provided, all frames must have unix timestamps"
        assert refuse(api, SEQUENCE, body, 400, self.TARGET) == text
        body = with_imu(api, api.body(SEQUENCE, frames=self.frames(egoVehiclePose=None)))
        assert refuse(api, SEQUENCE, body, 400, self.TARGET) == f"{missing}ego poses"
        body = with_imu(api, api.body(SEQUENCE, frames=self.frames(images=[resource("c0.jpg", "FRONT")])))
        assert refuse(api, SEQUENCE, body, 400, self.TARGET) == f"{missing}image shutter times"

    def test_complete(self, api: Api) -> None:
        """With everything the scene is taken."""
        body = with_imu(api, api.body(SEQUENCE, frames=self.frames()))

        assert post(api, SEQUENCE, body, self.TARGET)["requestInputUuid"]


class TestImu:
    """IMU data: validated, uploaded, compared with frames and points."""

    def test_scene_with_imu(self, api: Api) -> None:
        """The samples are stored under the resource id, and the scene is motion compensated."""
        body = with_imu(api, api.body(SEQUENCE))

        scene = run(api, SEQUENCE, body)

        assert scene["status"] == "created", scene
        assert json.loads(api.sandbox.control.stored_bytes(scene["uuid"], body["imuData"])) == imu()
        assert api.get(f"/v2/scenes/{scene['uuid']}")["isMotionCompensated"] is True

    def test_dry_run(self, api: Api) -> None:
        """A dry run validates and answers with JSON."""
        body = {"internalId": api.initialize(), "imuData": imu()}
        path = f"/v1/imu?workspaceId={api.workspace}"

        assert api.post(path, body, headers={"X-Dryrun": ""}) == {}

    @pytest.mark.parametrize(
        ("samples", "message"),
        [
            ([], "imuData: List should have at least 1 item"),
            ([*imu()[:2], imu()[0]], "imu data must be in ascending order"),
            ([imu()[0], imu()[0]], "imu data must be in ascending order"),
            ([{**imu()[0], "timestamp": 1.5}], "imuData.0.timestamp"),
            ([{**imu()[0], "timestamp": "1"}], "imuData.0.timestamp"),
            ([{"timestamp": 1}], "imuData.0.position: Field required"),
        ],
    )
    def test_refused(self, api: Api, samples: list[dict[str, Any]], message: str) -> None:
        """What is no IMU data is refused, in a dry run too."""
        body = {"internalId": api.initialize(), "imuData": samples}
        path = f"/v1/imu?workspaceId={api.workspace}"

        assert message in api.refuse("POST", path, 400, json=body, headers={"X-Dryrun": ""})
        assert message in api.refuse("POST", path, 400, json=body)

    def test_nan(self, api: Api) -> None:
        """A number that JSON has no word for is refused even when a body spells it."""
        text = json.dumps({"internalId": api.initialize(), "imuData": imu()}).replace("1.0", "NaN", 1)
        path = f"/v1/imu?workspaceId={api.workspace}"

        api.refuse("POST", path, 400, data=text, headers={"Content-Type": "application/json"})

    @pytest.mark.parametrize("kind", ["lidars", "lidars-and-cameras", SEQUENCE, AGGREGATED])
    def test_frames_need_unix_times(self, api: Api, kind: str) -> None:
        """Without unix timestamps there is nothing to compare the samples with."""
        body = api.body(kind)
        for frame in body.get("frames", [body.get("frame")]):
            frame.pop("unixTimestamp")

        found = refuse(api, kind, with_imu(api, body))

        text = "Validation failed: If imu data is provided, all frames must have unix timestamps"
        assert found == text

    def test_frame_outside(self, api: Api) -> None:
        """Frame times lie within the samples."""
        body = with_imu(api, api.body(SEQUENCE), imu(last=T0 + 99 * MS))

        found = refuse(api, SEQUENCE, body)

        assert f"The time of frame frame-1 is {T0 + 100 * MS}, outside the imu data" in found

    def test_unknown_resource(self, api: Api) -> None:
        """imuData is what the IMU call has answered."""
        found = refuse(api, SEQUENCE, api.body(SEQUENCE, imuData="imu/other.json"))

        assert "is not what POST /v1/imu has answered" in found

    def test_point_outside(self, api: Api) -> None:
        """A point whose time lies outside makes the scene fail, naming the file."""
        body = with_imu(api, api.body("lidars"))

        scene = run(api, "lidars", body, {"l0.csv": csv_cloud([T0, T0 + 10_000 * MS])})

        assert scene["status"] == "failed"
        assert "l0.csv" in scene["errorMessage"]
        assert f"a point is {T0 + 10_000 * MS}, outside the imu data" in scene["errorMessage"]

    def test_points_without_times(self, api: Api) -> None:
        """A missing time column reads as 0, which is outside."""
        cloud = b"x,y,z,intensity\n1,2,3,4\n"

        assert run(api, "lidars", with_imu(api, api.body("lidars")), {"l0.csv": cloud})["status"] == "failed"

    def test_no_motion_compensation(self, api: Api) -> None:
        """Point times matter only if points are moved."""
        body = with_imu(api, api.body("lidars", featureFlags={"shouldMotionCompensate": False}))

        scene = run(api, "lidars", body, {"l0.csv": csv_cloud([0])})

        assert scene["status"] == "created"
        assert api.get(f"/v2/scenes/{scene['uuid']}")["isMotionCompensated"] is False

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"{}", "imu data is not as documented"),
            (b"[]", "imu data is empty"),
            (b"not json", "imu data is not as documented"),
            (json.dumps(imu()[::-1]).encode(), "imu data must be in ascending order"),
            (json.dumps(imu(last=T0 - 50 * MS)).encode(), "outside the imu data"),
        ],
    )
    def test_bad_upload(self, api: Api, content: bytes, message: str) -> None:
        """The uploaded samples are checked again."""
        body = api.body("lidars")
        path = f"/v1/imu?workspaceId={api.workspace}"
        made = api.post(path, {"internalId": body["internalId"], "imuData": imu()})
        api.upload({"imu": made["signedUrl"]}, {"imu": content})

        scene = run(api, "lidars", {**body, "imuData": made["resourceId"]})

        assert scene["status"] == "failed"
        assert message in scene["errorMessage"]


GOOD_FILES: list[tuple[str, str, Callable[[], bytes]]] = [
    ("images", "a.jpg", jpeg),
    ("images", "a.JPEG", jpeg),
    ("images", "a.png", lambda: image("PNG")),
    ("images", "a.webp", lambda: image("WEBP")),
    ("images", "a.avif", lambda: image("AVIF")),
    ("pointClouds", "a.csv", csv_cloud),
    ("pointClouds", "a.csv", lambda: b",ts_gps,x,y,z,intensity,blue,green,red\n0,5,1,2,3,4,5,6,7\n"),
    ("pointClouds", "a.las", las_cloud),
]
BAD_FILES: list[tuple[str, str, bytes, str]] = [
    ("images", "a.jpg", b"not an image", "not an image"),
    ("images", "a.jpg", jpeg()[:-40], "image"),
    ("images", "a.png", b"", "empty"),
    ("images", "a.bmp", b"BM", "images of format bmp are not supported"),
    ("images", "noname", jpeg(), "images of format unknown are not supported"),
    ("images", "a.las", las_cloud(), "images of format las are not supported"),
    ("pointClouds", "a.csv", b"a,b,c\n1,2,3\n", "no column x"),
    ("pointClouds", "a.las", las_cloud(version=(1, 4)), "must be 1.2"),
    ("pointClouds", "a.las", las_cloud(point_format=1), "must be 3"),
    ("pointClouds", "a.las", las_cloud()[:240], "header declares"),
    ("pointClouds", "a.pcd", b"# .PCD v.7\nVERSION .7\n", "a.pcd"),
    ("pointClouds", "a.ply", b"ply", "point clouds of format ply are not supported"),
    ("pointClouds", "a.jpg", jpeg(), "point clouds of format jpg are not supported"),
]


def one_file_scene(api: Api, kind: str, name: str, content: bytes) -> dict[str, Any]:
    scene_kind = "cameras" if kind == "images" else "lidars"
    body = api.body(scene_kind, frame={kind: [resource(name, "SENSOR")]})
    return run(api, scene_kind, body, {name: content})


@pytest.mark.parametrize(("kind", "name", "make"), GOOD_FILES)
def test_good_file(api: Api, kind: str, name: str, make: Callable[[], bytes]) -> None:
    """Every documented format becomes a scene."""
    scene = one_file_scene(api, kind, name, make())

    assert scene["status"] == "created", scene


@pytest.mark.parametrize(("kind", "name", "content", "message"), BAD_FILES)
def test_bad_file(api: Api, kind: str, name: str, content: bytes, message: str) -> None:
    """What cannot be converted makes the scene fail with a message that names the file."""
    scene = one_file_scene(api, kind, name, content)

    assert scene["status"] == "failed"
    assert name in scene["errorMessage"]
    assert message in scene["errorMessage"]


def test_forced_failure(api: Api) -> None:
    """The handle can let a scene fail with any message."""
    body = api.body("cameras")
    api.sandbox.control.fail_scene(body["internalId"], "Conversion ran out of luck")

    scene = run(api, "cameras", body)

    assert (scene["status"], scene["errorMessage"]) == ("failed", "Conversion ran out of luck")


def test_large_integers_are_exact(api: Api) -> None:
    """Nanoseconds beyond 2^53 survive storage and comparison to the last digit."""
    first = T0 + 1
    frames = [sequence_frame(0, unixTimestamp=first)]
    body = with_imu(api, api.body(SEQUENCE, frames=frames), imu(first=first, last=first + 50 * MS))

    assert run(api, SEQUENCE, body)["status"] == "created"
    frames = [sequence_frame(0, unixTimestamp=first - 1)]
    body = with_imu(api, api.body(SEQUENCE, frames=frames), imu(first=first, last=first + 50 * MS))
    assert f"is {first - 1}, outside the imu data, which goes from {first} " in refuse(api, SEQUENCE, body)


def test_poses_are_kept(api: Api) -> None:
    """Ego poses come back under their frame ids as they were sent."""
    frames = [
        sequence_frame(i, egoVehiclePose={**POSE, "position": {"x": float(i), "y": 0.0, "z": 0.0}})
        for i in (0, 1)
    ]
    uuid = run(api, SEQUENCE, api.body(SEQUENCE, frames=frames))["uuid"]

    poses = api.get(f"/v2/scenes/{uuid}/ego-poses")["poses"]

    assert poses == {frame["frameId"]: frame["egoVehiclePose"] for frame in frames}


def camera_frames(**parts: Any) -> list[dict[str, Any]]:
    return [sequence_frame(index, pointClouds=None, **parts) for index in range(2)]


def test_cameras_alone_may_have_all_that_moves(api: Api) -> None:
    """Calibration, IMU data, poses and times of a scene of cameras are taken, and its poses are answered."""
    body = with_imu(
        api, api.body("cameras-sequence", frames=camera_frames(), calibrationId=api.calibration())
    )

    scene = run(api, "cameras-sequence", body)

    assert (scene["status"], scene["calibrationId"]) == ("created", body["calibrationId"])
    summary = api.get(f"/v2/scenes/{scene['uuid']}")
    assert summary["calibrationId"] == body["calibrationId"]
    assert summary["isMotionCompensated"] is True
    assert api.get(f"/v2/scenes/{scene['uuid']}/ego-poses") == {"poses": {"frame-0": POSE, "frame-1": POSE}}


@pytest.mark.parametrize("kind", ["cameras", "cameras-sequence"])
def test_calibration_of_cameras_alone(api: Api, kind: str) -> None:
    """It has to exist, and to have every camera of the scene, as cameras."""
    unknown = api.body(kind, calibrationId="4a9f0d5e-0000-4000-8000-000000000000")
    assert "There is no calibration" in refuse(api, kind, unknown)

    other = api.body(kind, calibrationId=api.calibration(BACK=camera()))
    assert "Sensor FRONT is missing in the calibration" in refuse(api, kind, other)

    wrong = api.body(kind, calibrationId=api.calibration(FRONT=lidar()))
    assert "Sensor FRONT is used as a camera" in refuse(api, kind, wrong)


def test_poses_of_cameras_alone(api: Api) -> None:
    """In all frames or in none."""
    frames = camera_frames()
    del frames[1]["egoVehiclePose"]

    message = refuse(api, "cameras-sequence", api.body("cameras-sequence", frames=frames))

    assert message.endswith("Ego poses must be given for all frames or none; frame frame-1 has none")


def test_times_of_cameras_alone(api: Api) -> None:
    """With IMU data every frame has a time, and the time lies within the samples."""
    untimed = with_imu(api, api.body("cameras-sequence", frames=camera_frames(unixTimestamp=None)))
    assert "all frames must have unix timestamps" in refuse(api, "cameras-sequence", untimed)

    late = camera_frames()
    late[1]["unixTimestamp"] = T0 + 5000 * MS
    outside = with_imu(api, api.body("cameras-sequence", frames=late))
    assert "The time of frame frame-1 is" in refuse(api, "cameras-sequence", outside)
