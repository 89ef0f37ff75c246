"""The dataset service."""

from __future__ import annotations

from typing import Any

import pytest

from kognic.sandbox import Sandbox
from tests.sandbox.protocol import Api, cuboid_document, document

UNKNOWN = "00000000-0000-0000-0000-000000000000"
MAPPING = [{"annotated": "car", "predicted": "vehicle"}, {"annotated": "_background"}]
OBJECT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


def group(api: Api, dataset: str, **body: Any) -> str:
    made = {"name": "run 1", "description": "first", **body}
    return str(api.post(f"/v1/datasets/{dataset}/predictions-groups", made))


def bitmap(**changes: Any) -> dict[str, Any]:
    """A segmentation of one image."""
    shown = {"name": "s", "val": "iVBORw0KGgo=", "mime_type": "image/png", "encoding": "base64", **changes}
    return document(
        frames={
            "0": {
                "frame_properties": {"timestamp": 0},
                "objects": {OBJECT: {"object_data": {"image": [shown]}}},
            }
        },
        objects={OBJECT: {"name": "s", "type": "segmentation_bitmap"}},
        ontologies={"0": {"classifications": {"0": "_background"}, "uri": ""}},
    )


def test_datasets(api: Api) -> None:
    """All datasets, in either version of the call."""
    first = api.sandbox.control.create_dataset("boxes")
    second = api.sandbox.control.create_dataset("areas", is_segmentation=True)

    found = api.get("/v2/datasets")

    assert [(one["uuid"], one["name"]) for one in found] == [(first, "boxes"), (second, "areas")]
    assert api.get("/v1/datasets") == found


def test_annotations_until_empty() -> None:
    """Rows by offset; the empty page is the end."""
    with Sandbox(page_size=2) as sandbox:
        api = Api(sandbox, sandbox.credentials)
        api.login()
        rows = [{"annotationUuid": str(index)} for index in range(5)]
        dataset = sandbox.control.create_dataset("d", annotations=rows)
        found: list[Any] = []
        while page := api.get(f"/v1/datasets/{dataset}/annotations?offset={len(found)}"):
            found += page

        assert found == rows
        assert api.get(f"/v1/datasets/{dataset}/annotations") == rows[:2]


def test_groups(api: Api) -> None:
    """Created, then listed."""
    dataset = api.sandbox.control.create_dataset("d")
    uuid = group(api, dataset, classMapping=MAPPING)

    [found] = api.get(f"/v1/datasets/{dataset}/predictions-groups")

    assert found == {
        "uuid": uuid,
        "name": "run 1",
        "description": "first",
        "created": found["created"],
        "classMapping": MAPPING,
    }


def test_class_mapping_is_mandatory_for_segmentation(api: Api) -> None:
    """Segmentation needs a mapping, geometry does not."""
    areas = api.sandbox.control.create_dataset("areas", is_segmentation=True)
    path = f"/v1/datasets/{areas}/predictions-groups"

    message = api.refuse("POST", path, 400, json={"name": "x", "description": ""})

    assert message == "Validation failed: classMapping is mandatory for segmentation datasets"
    assert group(api, areas, classMapping=MAPPING)
    assert group(api, api.sandbox.control.create_dataset("boxes"))


@pytest.mark.parametrize("make", [cuboid_document, bitmap])
def test_prediction(api: Api, make: Any) -> None:
    """A prediction is stored with its content."""
    made = group(api, api.sandbox.control.create_dataset("d"))
    scene = api.create("lidars-and-cameras")
    content = make()
    for one in content["openlabel"]["frames"]["0"]["objects"].values():
        for cuboid in one["object_data"].get("cuboid", ()):
            cuboid["attributes"] = {
                "text": [{"name": "stream", "val": "@lidar"}],
                "num": [{"name": "confidence", "val": 0.5}],
            }

    uuid = api.post(
        f"/v1/predictions-groups/{made}/predictions", {"sceneUuid": scene, "openlabelContent": content}
    )

    stored = api.sandbox.control.predictions(made)
    assert stored == [{"uuid": uuid, "sceneUuid": scene, "content": content}]


def predict(content: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A document whose one object has other data."""
    [one] = content["openlabel"]["frames"]["0"]["objects"].values()
    one["object_data"] = data
    return content


def box(**changes: Any) -> dict[str, Any]:
    return {"name": "b", "val": [1.0, 2.0, 3.0, 4.0], **changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"openlabel": {}}, "openlabel.metadata: Field required"),
        (
            predict(cuboid_document(), point2d=[{"name": "p", "val": [1.0, 2.0]}]),
            "predictions hold bbox, cuboid, image only",
        ),
        (
            predict(cuboid_document(), bbox=[box(attributes={"num": [{"name": "confidence", "val": 1.5}]})]),
            "confidence is 1.5, must be 0 to 1",
        ),
        (
            predict(cuboid_document(), bbox=[box(attributes={"text": [{"name": "stream", "val": "ROOF"}]})]),
            "stream ROOF is neither a camera nor @lidar",
        ),
        (predict(cuboid_document(), image=[bitmap()]), "image"),
        (bitmap(mime_type="image/jpeg"), "must be image/png in base64"),
        (
            predict(
                cuboid_document(),
                image=[{"name": "s", "val": "", "mime_type": "image/png", "encoding": "base64"}],
            ),
            "the object's type must be segmentation_bitmap",
        ),
        (document(frames={"0": {"frame_properties": {"timestamp": 7}}}), "timestamp 7 of frame 0"),
        (
            document(streams={"ROOF": {"type": "lidar"}}),
            "stream ROOF is neither a camera of the scene nor @lidar",
        ),
    ],
)
def test_refused_predictions(api: Api, content: dict[str, Any], message: str) -> None:
    """What breaks a rule is refused with the place."""
    made = group(api, api.sandbox.control.create_dataset("d"))
    body = {"sceneUuid": api.create("lidars-and-cameras"), "openlabelContent": content}

    assert message in api.refuse("POST", f"/v1/predictions-groups/{made}/predictions", 400, json=body)


def test_too_many_classes(api: Api) -> None:
    """A bitmap has at most 256 classes."""
    made = group(api, api.sandbox.control.create_dataset("d"))
    content = bitmap()
    content["openlabel"]["ontologies"]["0"]["classifications"] = {str(i): str(i) for i in range(257)}
    body = {"sceneUuid": api.create(), "openlabelContent": content}

    message = api.refuse("POST", f"/v1/predictions-groups/{made}/predictions", 400, json=body)

    assert "ontology 0 has 257 classes, at most 256" in message


def test_unknown(api: Api) -> None:
    """Unknown datasets, groups and scenes are 404."""
    made = group(api, api.sandbox.control.create_dataset("d"))
    for path in ("annotations", "predictions-groups"):
        api.refuse("GET", f"/v1/datasets/{UNKNOWN}/{path}", 404)
    api.refuse(
        "POST", f"/v1/datasets/{UNKNOWN}/predictions-groups", 404, json={"name": "x", "description": ""}
    )
    body = {"sceneUuid": UNKNOWN, "openlabelContent": cuboid_document()}
    api.refuse("POST", f"/v1/predictions-groups/{UNKNOWN}/predictions", 404, json=body)
    api.refuse("POST", f"/v1/predictions-groups/{made}/predictions", 404, json=body)
