"""Every public method that talks to the platform, with what it needs and what it is called with."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kognic.base_clients.http.retry import RetryPolicy
from kognic.io.client import KognicIOClient
from kognic.io.model.review.review import AddFeedbackItem, ReviewRequest
from kognic.io.model.scene import SceneInvalidatedReason
from kognic.io.model.scene.scene_request import Frame, ImageResource, LocalFile, SceneRequest
from kognic.sandbox import Sandbox
from tests.io.resources import scenes

PROJECT, BATCH, TYPE = "sandbox-project", "batch-1", "objects"
CLOUD = "s3://bucket/pre.json"


# Retries at once; looks up once.
PATIENT = RetryPolicy(max_attempts=5, lookup_window=0, first_wait=0.0, max_wait=0.0, deadline=30, budget=None)

# Seconds until a client gives up where the fault is that no answer comes. On a busy machine a sound call can
# take longer than the first; then the fault is tried again with the next.
TIMEOUTS = (0.1, 0.5, 2.0, 10.0)


class World:
    """A sandbox with something in it, and a client to look at it with that meets no faults.

    Args:
        sandbox: The sandbox.
        client: The client without faults.
        delays: Settings of the sandbox's timing that are on.
        policy: Of the clients that meet the faults.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        client: KognicIOClient,
        *,
        delays: Mapping[str, float] | None = None,
        policy: RetryPolicy = PATIENT,
    ) -> None:
        self.sandbox = sandbox
        self.client = client
        self.control = sandbox.control
        self.delays = dict(delays or {})
        self.policy = policy
        self.timeouts = TIMEOUTS[2:] if delays else TIMEOUTS

    def renew(self) -> None:
        """Begin with an empty platform, with the same delays."""
        self.control.reset()
        if self.delays:
            self.control.tune(**self.delays)

    def scene(self) -> str:
        made = self.client.cameras.create(scenes.cameras_scene(f"scene-{uuid.uuid4()}"))
        self.client.scene.wait_until_created([made.scene_uuid], poll_interval=0.01)
        return made.scene_uuid

    def calibration(self) -> str:
        return scenes.create_calibration(self.client, f"rig-{uuid.uuid4()}")

    def posed_scene(self) -> str:
        scene = scenes.lidars_sequence_scene(f"posed-{uuid.uuid4()}")
        made = self.client.lidars_sequence.create(scene)
        self.client.scene.wait_until_created([made.scene_uuid], poll_interval=0.01)
        return made.scene_uuid

    def indexed_scene(self) -> str:
        frame = Frame(frame_id="1", timestamp_ns=1, images=[ImageResource("s3://bucket/a.jpg", None, "CAM")])
        self.control.put_cloud_file("s3://bucket/a.jpg", scenes.JPG)
        request = SceneRequest(
            workspace_id=self.sandbox.workspace_id,
            external_id=f"indexed-{uuid.uuid4()}",
            frames=[frame],
            postpone_external_resource_import=True,
        )
        return self.client.scene.create_scene(request).scene_uuid

    def pre_annotation(self, scene: str | None = None) -> tuple[str, str]:
        scene = scene or self.scene()
        return scene, self.client.pre_annotation.create(
            scene, scenes.OPENLABEL, dryrun=False, external_id="pre"
        ).id

    def indexed_pre_annotation(self) -> str:
        import json

        self.control.put_cloud_file(CLOUD, json.dumps(scenes.OPENLABEL).encode())
        return self.client.pre_annotation.create_from_cloud_resource(self.scene(), "cloud", CLOUD)

    def input(self) -> Any:
        found = self.client.input.create_from_scene(self.scene(), project=PROJECT)
        assert found is not None
        self.control.wait_until_idle()
        return found

    def annotated_input(self) -> Any:
        found = self.input()
        self.control.deliver_annotation(found.uuid, scenes.OPENLABEL)
        return found

    def reviewable(self) -> str:
        """The id of an annotation that waits for a verdict."""
        return self.control.complete_task(self.input().uuid, scenes.OPENLABEL)

    def review(self) -> str:
        body = ReviewRequest(accepted=True)
        return self.client.review.create_review(self.reviewable(), body).created_review_id

    def error_type(self) -> str:
        return self.client.review.get_error_types()[0].error_type_id

    def task(self) -> str:
        progress = self.client.input.get_request_input(self.input().uuid).progress_details
        assert progress is not None
        assert progress.current_task is not None
        return progress.current_task.task_id

    def request_id(self) -> str:
        return str(self.input().request_uid)

    def dataset(self) -> str:
        if not self.client.dataset.get_datasets():
            self.control.create_dataset("data")
        return str(self.client.dataset.get_datasets()[0]["uuid"])

    def predictions_group(self) -> str:
        return self.client.dataset.create_predictions_group(self.dataset(), f"group-{uuid.uuid4()}", "")


@dataclass(frozen=True)
class Case:
    """One call of a public method.

    Attributes:
        prepare: Puts into the world what the call needs, and returns the call's arguments.
        call: Makes the call with a client that meets the fault.
    """

    name: str
    prepare: Callable[[World], tuple[Any, ...]]
    call: Callable[..., Any]


def nothing(_: World) -> tuple[Any, ...]:
    return ()


def one(method: Callable[[World], Any]) -> Callable[[World], tuple[Any, ...]]:
    return lambda world: (method(world),)


def quietly(call: Callable[..., Any]) -> Callable[..., Any]:
    """Deprecated methods are part of the surface, their warnings have tests of their own."""

    def silenced(*arguments: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return call(*arguments)

    return silenced


def _annotated(world: World) -> tuple[Any, ...]:
    return (world.annotated_input(),)


def _request(world: World) -> tuple[Any, ...]:
    frame = Frame(
        frame_id="1", timestamp_ns=1, images=[ImageResource(None, LocalFile("a.jpg", data=scenes.JPG), "CAM")]
    )
    return (SceneRequest(workspace_id=world.sandbox.workspace_id, external_id="request", frames=[frame]),)


def _review_body(world: World) -> tuple[Any, ...]:
    item = AddFeedbackItem(error_type_id=world.error_type(), description="too small")
    return (world.reviewable(), ReviewRequest(accepted=False, feedback_items=[item]))


READS = [
    Case("workspace.get_workspaces", nothing, lambda c: c.workspace.get_workspaces()),
    Case("project.get_projects", nothing, lambda c: c.project.get_projects()),
    Case("project.get_project_batches", nothing, lambda c: c.project.get_project_batches(PROJECT)),
    Case("project.get_annotation_types", nothing, lambda c: c.project.get_annotation_types(PROJECT)),
    Case("project.get_annotation_types(batch)", nothing, lambda c: c.project.get_annotation_types(PROJECT, BATCH)),
    Case("request.get_requests", lambda w: (w.control.create_project(f"p-{uuid.uuid4()}"),),
         lambda c, p: c.request.get_requests(project_id=p)),
    Case("calibration.get_calibration", one(World.calibration), lambda c, i: c.calibration.get_calibration(i)),
    Case("calibration.get_calibrations", nothing, lambda c: c.calibration.get_calibrations()),
    Case("scene.get_scenes_by_uuids", one(World.scene), lambda c, s: c.scene.get_scenes_by_uuids([s])),
    Case("scene.get_scenes_by_external_ids", lambda w: (w.scene(), w.client.cameras.create(
        scenes.cameras_scene("named"))), lambda c, *_: c.scene.get_scenes_by_external_ids(["named"])),
    Case("scene.wait_until_created", one(World.scene), lambda c, s: c.scene.wait_until_created([s])),
    Case("scene.get_scene_summary", one(World.scene), lambda c, s: c.scene.get_scene_summary(s)),
    Case("scene.get_ego_poses", one(World.posed_scene), lambda c, s: c.scene.get_ego_poses(s)),
    Case("input.query_inputs", one(World.input), lambda c, _: c.input.query_inputs(project=PROJECT)),
    Case("input.get_request_inputs", one(World.request_id),
         lambda c, r: list(c.input.get_request_inputs(request_id=r))),
    Case("input.get_request_input", one(World.input), lambda c, i: c.input.get_request_input(i.uuid)),
    Case("input.get_inputs", one(World.input), quietly(lambda c, _: c.input.get_inputs(PROJECT))),
    Case("input.get_inputs_by_uuids", one(World.input),
         quietly(lambda c, i: c.input.get_inputs_by_uuids([i.scene_uuid]))),
    Case("annotation.get_annotation_for_input", _annotated,
         lambda c, i: c.annotation.get_annotation_for_input(i.uuid).to_dict()),
    Case("annotation.get_annotation_by_id", one(World.reviewable),
         lambda c, a: c.annotation.get_annotation_by_id(a).to_dict()),
    Case("annotation.get_annotations_for_scene", _annotated,
         lambda c, i: [a.to_dict() for a in c.annotation.get_annotations_for_scene(i.scene_uuid)]),
    Case("annotation.get_project_annotations", _annotated,
         lambda c, _: [a.to_dict() for a in c.annotation.get_project_annotations(PROJECT, TYPE)]),
    Case("annotation.get_project_annotations(batch)", _annotated,
         lambda c, _: [a.to_dict() for a in c.annotation.get_project_annotations(PROJECT, TYPE, batch=BATCH)]),
    Case("annotation.list_project_annotations", _annotated,
         lambda c, _: [a.scene_uuid for a in c.annotation.list_project_annotations(PROJECT, TYPE)]),
    Case("annotation.get_annotation", _annotated,
         lambda c, i: c.annotation.get_annotation(i.scene_uuid, TYPE).to_dict()),
    Case("pre_annotation.wait_until_available", lambda w: w.pre_annotation(),
         lambda c, _, p: len(c.pre_annotation.wait_until_available(p, poll_interval=0.01))),
    Case("pre_annotation.list", lambda w: w.pre_annotation(), lambda c, s, _: c.pre_annotation.list(scene_uuids=[s])),
    Case("pre_annotation.get_with_content", lambda w: w.pre_annotation(),
         lambda c, _, p: c.pre_annotation.get_with_content(p).uuid),
    Case("review.get_review", one(World.review), lambda c, r: c.review.get_review(r)),
    Case("review.get_error_types", nothing, lambda c: c.review.get_error_types()),
    Case("review.get_auto_reviews", one(World.input), lambda c, i: c.review.get_auto_reviews(i.uuid)),
    Case("dataset.get_datasets", nothing, lambda c: c.dataset.get_datasets()),
    Case("dataset.get_annotations", one(World.dataset), lambda c, d: list(c.dataset.get_annotations(d))),
    Case("dataset.get_predictions_groups", one(World.dataset), lambda c, d: c.dataset.get_predictions_groups(d)),
]  # fmt: skip

WRITES = [
    Case("cameras.create", nothing, lambda c: c.cameras.create(scenes.cameras_scene("made"))),
    Case("cameras.create(project)", nothing,
         lambda c: c.cameras.create(scenes.cameras_scene("made"), project=PROJECT)),
    Case("cameras.create(batch)", nothing,
         lambda c: c.cameras.create(scenes.cameras_scene("made"), project=PROJECT, batch=BATCH)),
    Case("cameras_sequence.create", nothing,
         lambda c: c.cameras_sequence.create(scenes.cameras_sequence_scene("made"))),
    Case("lidars.create", nothing,
         lambda c: c.lidars.create(scenes.lidars_scene("made", imu_data=scenes.imu_data()))),
    Case("lidars_sequence.create", nothing,
         lambda c: c.lidars_sequence.create(scenes.lidars_sequence_scene("made"))),
    Case("lidars_and_cameras.create", one(World.calibration),
         lambda c, i: c.lidars_and_cameras.create(scenes.lidars_and_cameras_scene(i, "made"))),
    Case("lidars_and_cameras_sequence.create", one(World.calibration), lambda c, i: c.lidars_and_cameras_sequence
         .create(scenes.lidars_and_cameras_sequence_scene(i, "made"))),
    Case("aggregated_lidars_and_cameras_seq.create", one(World.calibration),
         lambda c, i: c.aggregated_lidars_and_cameras_seq.create(scenes.aggregated_scene(i, "made"))),
    Case("cameras.create_from_scene", one(World.scene), lambda c, s: c.cameras.create_from_scene(s, PROJECT)),
    Case("scene.create_scene", _request, lambda c, r: c.scene.create_scene(r)),
    Case("scene.invalidate_scenes", one(World.scene),
         lambda c, s: c.scene.invalidate_scenes([s], SceneInvalidatedReason.DUPLICATE)),
    Case("scene.import_indexed_scene", one(World.indexed_scene), lambda c, s: c.scene.import_indexed_scene(s)),
    Case("scene.reindex_scene", one(World.indexed_scene), lambda c, s: c.scene.reindex_scene(s)),
    Case("input.create_from_scene", one(World.scene), lambda c, s: c.input.create_from_scene(s, project=PROJECT)),
    Case("input.create_from_pre_annotation", lambda w: w.pre_annotation(),
         lambda c, _, p: c.input.create_from_pre_annotation(p, project=PROJECT)),
    Case("input.delete_input", one(World.input), lambda c, i: c.input.delete_input(i.uuid)),
    Case("input.update_pre_annotation", lambda w: (lambda i: (i, w.pre_annotation(i.scene_uuid)[1]))(w.input()),
         lambda c, i, p: c.input.update_pre_annotation(i.uuid, p)),
    Case("input.invalidate_inputs", one(World.input), quietly(
        lambda c, i: c.input.invalidate_inputs([i.scene_uuid], SceneInvalidatedReason.DUPLICATE))),
    Case("calibration.create_calibration", nothing,
         lambda c: c.calibration.create_calibration(scenes.calibration("made"))),
    Case("project.create_batch", nothing, lambda c: c.project.create_batch(PROJECT, "made")),
    Case("project.publish_batch", nothing, lambda c: c.project.publish_batch(PROJECT, BATCH)),
    Case("pre_annotation.create", one(World.scene), lambda c, s: c.pre_annotation.create(
        s, scenes.OPENLABEL, dryrun=False, external_id="made")),
    Case("pre_annotation.create_from_cloud_resource", lambda w: (w.indexed_pre_annotation(), w.scene()),
         lambda c, _, s: c.pre_annotation.create_from_cloud_resource(s, "made", CLOUD)),
    Case("pre_annotation.make_indexed_pre_annotation_available", one(World.indexed_pre_annotation),
         lambda c, p: c.pre_annotation.make_indexed_pre_annotation_available(p)),
    Case("pre_annotation.delete", one(World.indexed_pre_annotation),
         lambda c, p: c.pre_annotation.delete(p)),
    Case("task.assign_task", one(World.task), lambda c, t: c.task.assign_task(t, 1)),
    Case("task.unassign_task", one(World.task), lambda c, t: c.task.unassign_task(t)),
    Case("review.create_review", _review_body, lambda c, a, b: c.review.create_review(a, b)),
    Case("dataset.create_predictions_group", one(World.dataset),
         lambda c, d: c.dataset.create_predictions_group(d, "made", "")),
    Case("dataset.create_prediction", lambda w: (w.dataset(), w.predictions_group(), w.scene()),
         lambda c, _, g, s: c.dataset.create_prediction(g, s, scenes.OPENLABEL)),
]  # fmt: skip
