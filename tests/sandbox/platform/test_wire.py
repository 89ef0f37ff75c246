"""The shapes take what the protocol shows and what the official client was recorded sending."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from kognic.sandbox.platform.calibrations.wire import CreateCalibration
from kognic.sandbox.platform.datasets.routes import CreateGroup, CreatePrediction
from kognic.sandbox.platform.inputs import wire as inputs
from kognic.sandbox.platform.pre_annotations.routes import FromCloud, Patch, Upload
from kognic.sandbox.platform.projects.routes import CreateBatch
from kognic.sandbox.platform.query.routes import Query
from kognic.sandbox.platform.reviews.wire import CreateReview
from kognic.sandbox.platform.scenes import typed_wire as scenes_v1
from kognic.sandbox.platform.scenes import wire as scenes_v2
from tests.conftest import SHARED

SHAPES: dict[str, type[BaseModel]] = {
    **{
        rf"POST /v1/inputs/(?:project/[^/]+/(?:batch/[^/]+/)?)?{name}": shape
        for name, shape in scenes_v1.BODIES.items()
    },
    r"POST /v1/inputs/initialize": scenes_v1.Initialize,
    r"POST /v1/imu": scenes_v1.ImuRequest,
    r"POST /v1/inputs": inputs.CreateInputs,
    r"POST /v1/inputs/actions/invalidate": inputs.InvalidateInputs,
    r"POST /v1/inputs/fetch": inputs.FetchInputs,
    r"POST /v1/inputs/query": inputs.QueryEntries,
    r"POST /v2/inputs": inputs.CreateInput,
    r"POST /v2/inputs/query": inputs.QueryInputs,
    r"PATCH /v2/inputs/[^/]+/pre-annotation": inputs.UpdatePreAnnotation,
    r"POST /v2/scenes": scenes_v2.CreateScene,
    r"POST /v2/scenes/query": scenes_v2.QueryScenes,
    r"POST /v2/scenes/actions/invalidate": scenes_v2.InvalidateScenes,
    r"PATCH /v2/scenes/[^/]+": scenes_v2.PatchScene,
    r"POST /v1/calibrations": CreateCalibration,
    r"POST /v1/pre-annotations": Upload,
    r"POST /v2/pre-annotations": FromCloud,
    r"PATCH /v2/pre-annotations/[^/]+": Patch,
    r"POST /v1/projects/[^/]+/batches/[^/]+": CreateBatch,
    r"POST /v1/annotations/[^/]+/review": CreateReview,
    r"POST /v1/search/[a-z]+/query": Query,
    r"POST /v1/datasets/[^/]+/predictions-groups": CreateGroup,
    r"POST /v1/predictions-groups/[^/]+/predictions": CreatePrediction,
}
EXAMPLES = {
    **scenes_v1.BODIES,
    "imu-request": scenes_v1.ImuRequest,
    "scene-request": scenes_v2.CreateScene,
    "calibration": CreateCalibration,
    "review": CreateReview,
    "pre-annotation": Upload,
}
# What the recordings show being refused, or a stand-in that takes anything let pass.
REFUSED = {
    ("input_create_needs_one_target", "POST /v2/inputs"): "exactly one of requestUuid and projectExtId",
    ("upload_scene_rejected", "POST /v1/inputs/cameras"): "at least 1 character",
}
# Bodies that are not JSON objects of one shape: tasks tell null from absent.
UNSHAPED = re.compile(r"PATCH /v1/tasks/[^/]+")


def shape_of(call: str) -> type[BaseModel] | None:
    return next((shape for pattern, shape in SHAPES.items() if re.fullmatch(pattern, call)), None)


def recorded_bodies() -> list[tuple[str, str, Any]]:
    """Case, call and JSON body of every recorded API request that has one."""
    found = []
    for path in sorted((SHARED / "wire" / "cases").glob("*.json")):
        for request in json.loads(path.read_text())["requests"]:
            call = f"{request['method']} {request['path']}"
            if "json" in request and not UNSHAPED.fullmatch(call):
                found.append((path.stem, call, request["json"]))
    return found


@pytest.mark.shared
def test_recorded_bodies(shared_folder: Path) -> None:
    """Every recorded body has a shape, and fits it."""
    bodies = recorded_bodies()
    assert len(bodies) > 100

    for case, call, body in bodies:
        shape = shape_of(call)
        assert shape is not None, f"{case}: {call} has no shape"
        if (refusal := REFUSED.get((case, call))) is not None:
            with pytest.raises(ValidationError, match=refusal):
                shape.model_validate_json(json.dumps(body), strict=True)
        else:
            shape.model_validate_json(json.dumps(body), strict=True)


@pytest.mark.shared
@pytest.mark.parametrize("name", EXAMPLES)
def test_documented_examples(shared_folder: Path, name: str) -> None:
    """The protocol's own examples fit."""
    text = (shared_folder / "protocol" / "models.md").read_text()
    match = re.search(rf"<!-- example:{name} -->\s*```json\n(.*?)```", text, re.DOTALL)
    assert match, name

    shape = EXAMPLES[name].model_validate_json(match[1], strict=True)

    sent, kept = json.loads(match[1]), shape.model_dump(by_alias=True, exclude_none=True)
    assert set(kept) <= set(sent) | {"metadata"}


def test_calls_have_one_shape() -> None:
    """No call fits two patterns of different shapes."""
    calls = ["POST /v1/inputs/query", "POST /v2/inputs/query", "POST /v2/scenes/query", "POST /v1/inputs"]
    for call in calls:
        assert len({SHAPES[pattern] for pattern in SHAPES if re.fullmatch(pattern, call)}) == 1
