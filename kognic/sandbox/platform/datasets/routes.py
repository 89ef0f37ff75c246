"""The dataset service: datasets, their annotations, prediction groups and predictions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from kognic.sandbox.platform import access
from kognic.sandbox.platform.calls import Call, read, write
from kognic.sandbox.platform.datasets import rules as predictions
from kognic.sandbox.platform.errors import NotFoundError, ValidationFailedError
from kognic.sandbox.platform.tables import Dataset, DatasetAnnotation, Prediction, PredictionsGroup
from kognic.sandbox.platform.values import new_uuid, to_wire_time
from kognic.sandbox.platform.wire import Text, Wire


class ClassPair(Wire):
    """A class of the annotations, and the class of the predictions that it is compared with."""

    annotated: str
    predicted: str | None = None


class CreateGroup(Wire):
    """A group of predictions to create."""

    name: Text
    description: str
    class_mapping: list[ClassPair] | None = None


class CreatePrediction(Wire):
    """The prediction of a scene, an OpenLABEL document."""

    scene_uuid: Text
    openlabel_content: dict[str, Any]


def list_datasets(call: Call) -> list[dict[str, Any]]:
    """List the datasets."""
    return [
        {
            "uuid": one.id,
            "name": one.name,
            "type": "segmentation" if one.is_segmentation else "geometry",
            "created": to_wire_time(one.created),
        }
        for one in call.session.scalars(select(Dataset).order_by(Dataset.created, Dataset.id))
    ]


def list_annotations(call: Call) -> list[dict[str, Any]]:
    """Return the rows from an offset on; an empty page is the end."""
    dataset = _dataset(call)
    offset = call.whole_number("offset", 0, low=0, high=2**53)
    query = select(DatasetAnnotation).where(DatasetAnnotation.dataset_id == dataset.id)
    query = query.order_by(DatasetAnnotation.number).offset(offset).limit(call.platform.settings.page_size)
    return [row.item for row in call.session.scalars(query)]


def list_groups(call: Call) -> list[dict[str, Any]]:
    """List the prediction groups of a dataset."""
    dataset = _dataset(call)
    query = select(PredictionsGroup).where(PredictionsGroup.dataset_id == dataset.id)
    return [
        {
            "uuid": one.id,
            "name": one.name,
            "description": one.description,
            "created": to_wire_time(one.created),
            "classMapping": one.class_mapping or [],
        }
        for one in call.session.scalars(query.order_by(PredictionsGroup.created, PredictionsGroup.id))
    ]


def create_group(call: Call) -> str:
    """Create a group of predictions; segmentation datasets need a class mapping."""
    dataset = _dataset(call)
    body = call.parse(CreateGroup)
    if dataset.is_segmentation and not body.class_mapping:
        raise ValidationFailedError("classMapping is mandatory for segmentation datasets")
    mapping = [pair.model_dump(by_alias=True, exclude_none=True) for pair in body.class_mapping or ()]
    group = PredictionsGroup(
        id=new_uuid(),
        dataset_id=dataset.id,
        name=body.name,
        description=body.description,
        class_mapping=mapping or None,
    )
    call.session.add(group)
    return group.id


def create_prediction(call: Call) -> str:
    """Store the prediction for a scene; returns its UUID."""
    group = call.session.get(PredictionsGroup, call.path["group"])
    if group is None:
        raise NotFoundError(f"There is no predictions group {call.path['group']}")
    body = call.parse(CreatePrediction)
    scene = access.scene(call, body.scene_uuid)
    content = predictions.check(body.openlabel_content, scene)
    prediction = Prediction(id=new_uuid(), group_id=group.id, scene_id=scene.id, content=content)
    call.session.add(prediction)
    return prediction.id


def _dataset(call: Call) -> Dataset:
    found = call.session.get(Dataset, call.path["dataset"])
    if found is None:
        raise NotFoundError(f"There is no dataset {call.path['dataset']}")
    return found


DATASET = "/v1/datasets/{dataset}"

APIS = (
    read("GET", "/v2/datasets", list_datasets),
    read("GET", "/v1/datasets", list_datasets),
    read("GET", f"{DATASET}/annotations", list_annotations),
    read("GET", f"{DATASET}/predictions-groups", list_groups),
    write("POST", f"{DATASET}/predictions-groups", create_group),
    write("POST", "/v1/predictions-groups/{group}/predictions", create_prediction),
)
