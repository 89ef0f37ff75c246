"""What the platform returns: read from its JSON, with secrets out of sight. Fields are in documented_api."""

from __future__ import annotations

import contextlib
import inspect
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kognic.base_clients.errors import MissingFileError, ModelValidationError
from kognic.io.model import (
    Annotation,
    CreateSceneResponse,
    ProjectBatch,
    ProjectBatchStatus,
    ResolvedPreAnnotation,
    Scene,
    SceneJobCreated,
    SceneStatus,
    SceneSummary,
    SceneType,
    SignedAnnotation,
    UploadUrls,
    Workspace,
)
from kognic.io.model import Input as InputEntry
from kognic.io.model.annotation import PartialAnnotation, client_annotation
from kognic.io.model.ego.validated_imu_data import ValidatedIMUData
from kognic.io.model.pre_annotation.openlabel import to_openlabel
from kognic.io.tools.model import (
    InputCreationError,
    InputCreationResult,
    InputCreationStage,
    InputCreationStatus,
    SceneWithPreAnnotation,
)
from tests.documented_api.load import Model, models
from tests.documented_api.samples import load, wire_of

URL = "https://storage.example/bucket/key?X-Goog-Signature=f00dface"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCENE = {
    "uuid": "u",
    "workspaceId": "w",
    "externalId": "e",
    "sceneType": "cameras",
    "status": "created",
    "created": "2026-03-01T12:00:00Z",
}
OPENLABEL = {"openlabel": {"metadata": {"schema_version": "1.0.0"}}}


def test_one_new_status_does_not_hide_the_rest() -> None:
    """A list is readable whatever a status is called."""
    made = [Scene.from_json({**SCENE, "status": status}) for status in ("created", "thawing")]

    assert [scene.status for scene in made] == [SceneStatus.Created, SceneStatus("thawing")]
    assert made[1].to_dict()["status"] == "thawing"


def test_results_are_frozen() -> None:
    """They are what the platform said."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Scene.from_json(SCENE).status = SceneStatus.Failed  # type: ignore[misc]


def test_types_of_lidar_scenes() -> None:
    """Which the official enumeration lacks."""
    summary = {
        **SCENE,
        "sceneUuid": "u",
        "sceneType": "lidars_sequence",
        "isMultiSensor": False,
        "isMotionCompensated": True,
        "metadata": {"lane": 2, "wet": True, "text": "x", "speed": 1.5},
        "lidars": ["ROOF"],
    }
    made = SceneSummary.from_json(summary)

    assert made.scene_type is SceneType.LIDARS_SEQUENCE
    assert SceneType("lidars") is SceneType.LIDARS
    assert made.metadata == {"lane": 2, "wet": True, "text": "x", "speed": 1.5}
    assert type(made.metadata["wet"]) is bool
    assert made.lidars == {"ROOF"}
    assert json.loads(made.model_dump_json())["lidars"] == ["ROOF"]


def test_batch_statuses() -> None:
    """The misspelt member stays, beside the right one."""
    assert ProjectBatchStatus.INPROGESS is ProjectBatchStatus.INPROGRESS is ProjectBatchStatus("in-progress")
    answer = {"project": "p", "batch": "b", "title": "t", "status": "open", "created": 0, "updated": 1}
    assert ProjectBatch.from_json(answer).status is ProjectBatchStatus.OPEN


@pytest.mark.parametrize(
    "made",
    [
        SceneJobCreated(scene_uuid="u", files={"a.jpg": URL}),
        UploadUrls(files_to_url={"a.jpg": URL}, input_uuid=1),
        ValidatedIMUData(resource_id="r", signed_url=URL, imu_data=[]),
        PartialAnnotation(input_uuid="i", scene_uuid="s", request_uid="r", created=NOW, uri=URL),
        client_annotation.PartialAnnotation(scene_uuid="s", annotation_type="t", created=NOW, uri=URL),
        SignedAnnotation(
            id="i",
            scene_id="s",
            request_id="r",
            request_input_id="ri",
            request_uid="ru",
            is_preliminary=True,
            signed_url=URL,
            expires_at=NOW,
            created=NOW,
        ),
    ],
    ids=lambda made: type(made).__name__,
)
def test_signed_urls_are_not_shown(made: Any) -> None:
    """They are kept, sent and pickled, but no text form has their signature."""
    assert "f00dface" not in repr(made)
    assert "f00dface" not in str(made)
    assert URL in json.dumps(made.model_dump(mode="json"))
    assert pickle.loads(pickle.dumps(made)) == made


def test_an_absent_signed_url() -> None:
    """IMU data that needs no upload."""
    assert "signed_url=None" in repr(ValidatedIMUData(resource_id="r", imu_data=[]))


def test_scene_jobs() -> None:
    """The platform calls the scene `internalId`; what remains is what callers get."""
    job = SceneJobCreated.from_json({"internalId": "u", "files": {}, "requestInputUuid": "i"})

    assert CreateSceneResponse.from_scene_job_created(job) == CreateSceneResponse(
        scene_uuid="u", request_input_uuid="i"
    )


def test_annotations_get_their_content() -> None:
    """From both forms in which they are listed, and by annotation type."""
    content = {"openlabel": {"x": None}}
    partial = PartialAnnotation(input_uuid="i", scene_uuid="s", request_uid="r", created=NOW, uri=URL)
    signed = SignedAnnotation(
        id="a",
        scene_id="s",
        request_id="q",
        request_input_id="i",
        request_uid="r",
        is_preliminary=True,
        signed_url=URL,
        expires_at=NOW,
        created=NOW,
    )
    typed = client_annotation.PartialAnnotation(scene_uuid="s", annotation_type="t", created=NOW, uri=URL)
    fields = {"input_uuid": "i", "scene_uuid": "s", "request_uid": "r", "created": NOW, "content": content}

    assert partial.to_annotation(content) == Annotation(**fields, is_preliminary=False)  # type: ignore[arg-type]
    assert signed.to_annotation(content) == Annotation(**fields, is_preliminary=True)  # type: ignore[arg-type]
    made = typed.to_annotation(content)
    assert (made.scene_uuid, made.annotation_type, made.content) == ("s", "t", content)
    assert made.to_dict()["inputUuid"] == "s"


def test_content_is_passed_on_as_it_is() -> None:
    """A document of the platform is not interpreted until somebody does."""
    content = {"openlabel": {"frames": {"0": None}, "anything": [1, {"a_b": None}]}}
    answer = {"inputUuid": "i", "sceneUuid": "s", "requestUid": "r", "created": 0, "isPreliminary": False}
    made = Annotation.from_json({**answer, "content": content})

    assert made.content == content
    assert made.to_dict()["content"] == content
    assert "anything" not in repr(made)
    made.content = None
    assert "content" not in made.to_dict()


def test_deprecated_attributes() -> None:
    """They warn and give the attribute of today."""
    entry = InputEntry.from_json(
        {
            "internalId": "u",
            "externalId": "e",
            "batchId": "b",
            "inputType": "cameras",
            "status": "invalidated:slam-rerun",
            "created": 0,
            "annotationTypes": [],
        }
    )
    annotation = client_annotation.Annotation(scene_uuid="s", annotation_type="t", created=NOW)

    with pytest.warns(DeprecationWarning, match="use scene_uuid"):
        assert entry.uuid == "u"
    with pytest.warns(DeprecationWarning, match="use scene_type"):
        assert entry.input_type == "cameras"
    with pytest.warns(DeprecationWarning, match="use scene_uuid"):
        assert annotation.input_uuid == "s"


WORKSPACE = {
    "id": "w",
    "name": "n",
    "externalId": "e",
    "created": "2026-03-01T12:00:00.5Z",
    "organization": {"name": "o", "id": 3},
}


def test_workspaces() -> None:
    """Aware of the time zone; an organization may be missing; positional like the data class it was."""
    made = Workspace.from_json(WORKSPACE)

    assert made == Workspace(NOW.replace(microsecond=500_000), "e", "w", "n", "o")
    assert Workspace.from_json({**WORKSPACE, "created": "2026-03-01T12:00:00.5"}) == made
    assert Workspace.from_json({**WORKSPACE, "organization": None}).organization_name is None
    without = {key: value for key, value in WORKSPACE.items() if key != "organization"}
    assert Workspace.from_json(without).organization_name is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({**WORKSPACE, "created": "soon"}, "Workspace.created must be a time"),
        ({**WORKSPACE, "name": None}, "Workspace.name is missing"),
        ({**WORKSPACE, "id": 3}, "Workspace.id must be text"),
        ({**WORKSPACE, "organization": "o"}, "Workspace.organization must be a dict"),
        ([], "must be a dict"),
        (None, "must be a dict"),
    ],
)
def test_answers_that_are_no_workspaces(answer: Any, message: str) -> None:
    """An unexpected answer is a validation error that names the field."""
    with pytest.raises(ModelValidationError) as wrong:
        Workspace.from_json(answer)

    assert message in str(wrong.value)


def test_pre_annotations_become_models_when_read() -> None:
    """Wrong documents are refused, with the place."""
    answer = {"uuid": "u", "sceneUuid": "s", "externalId": "e", "created": 0, "content": OPENLABEL}
    made = ResolvedPreAnnotation.from_json(answer)

    assert made.content == to_openlabel(OPENLABEL)
    assert made.to_dict()["content"] == OPENLABEL
    assert ResolvedPreAnnotation.from_json({**answer, "externalId": None}).external_id is None
    assert ResolvedPreAnnotation.model_validate(made.model_dump()) == made
    with pytest.raises(ModelValidationError, match=r"content\.openlabel\.metadata is no OpenLABEL"):
        ResolvedPreAnnotation.from_json({**answer, "content": {"openlabel": {}}})
    with pytest.raises(ModelValidationError, match="content must be an OpenLabelAnnotation or its JSON"):
        ResolvedPreAnnotation.from_json({**answer, "content": "text"})


def test_results_of_bulk_creation() -> None:
    """A later result adds to an earlier one."""
    first = InputCreationResult(scene_uuid="s", status="processing", external_id="e")  # type: ignore[arg-type]
    error = InputCreationError(stage=InputCreationStage.SCENE, message="bad")
    second = InputCreationResult(
        scene_uuid="s", status=InputCreationStatus.FAILED, input_uuid="i", external_id="other", error=error
    )

    assert first.combine(second) == InputCreationResult(
        scene_uuid="s", status=InputCreationStatus.FAILED, external_id="e", input_uuid="i", error=error
    )
    assert first.add_external_id("new") is first
    assert first.to_dict() == {
        "scene_uuid": "s",
        "status": InputCreationStatus.PROCESSING,
        "external_id": "new",
    }
    assert first.model_dump(mode="json")["status"] == "processing"


def test_a_scene_with_a_pre_annotation() -> None:
    """Any scene, a model or JSON."""
    from kognic.io.model.scene.cameras import Cameras, Frame

    scene = Cameras(external_id="e", frame=Frame(images=[]))

    assert SceneWithPreAnnotation(scene=scene).pre_annotation is None
    assert SceneWithPreAnnotation(scene=scene, pre_annotation=OPENLABEL).to_dict()["scene"] == scene.to_dict()
    made = SceneWithPreAnnotation(scene=scene, pre_annotation=to_openlabel(OPENLABEL))
    assert made.scene is scene
    assert made.to_dict()["pre_annotation"] == OPENLABEL
    with pytest.raises(
        ModelValidationError, match="scene must be an instance of a class derived from BaseScene"
    ):
        SceneWithPreAnnotation(scene="scene")  # type: ignore[arg-type]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


READABLE = [m for m in models() if hasattr(load(m), "from_json") and not inspect.isabstract(load(m))]


@pytest.mark.parametrize("model", READABLE, ids=lambda model: model.id)
@given(data=st.data())
@settings(max_examples=8)
def test_no_answer_crashes(model: Model, data: st.DataObject) -> None:
    """Whatever stands in the place of some fields: a value, or an error of ours."""
    cls = load(model)
    wire = wire_of(model)
    wrong = data.draw(st.dictionaries(st.sampled_from(sorted(wire) or ["x"]), JSON, max_size=3))

    with contextlib.suppress(ModelValidationError, MissingFileError):
        made = cls.from_json(data.draw(st.sampled_from([{**wire, **wrong}, wrong, list(wrong)])))
        assert isinstance(made, cls)
