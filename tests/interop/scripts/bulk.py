"""`create_inputs`: several scenes with and without pre-annotations, and a dry run."""

from __future__ import annotations

from typing import Any

from tests.interop.scripts.pre_annotations import document
from tests.interop.scripts.session import BATCH, PROJECT, Session


def run(s: Session) -> None:
    from kognic.io.model.scene.cameras import Cameras, Frame
    from kognic.io.model.scene.resources import Image
    from kognic.io.tools.input_creation import SceneWithPreAnnotation, create_inputs
    from kognic.openlabel.models import OpenLabelAnnotation

    client = s.client()
    content = OpenLabelAnnotation.model_validate(document())

    def scene(name: str, pre_annotation: Any = None) -> Any:
        images = [Image(filename="front.jpg", sensor_name="FRONT")]
        made = Cameras(external_id=name, frame=Frame(images=images))
        return SceneWithPreAnnotation(scene=made, pre_annotation=pre_annotation)

    scenes = [scene("one"), scene("two", content), scene("three")]
    results = {r.external_id: r for r in create_inputs(client, scenes, PROJECT, sleep_time=0.05, batch=BATCH)}
    for name in ("one", "two", "three"):
        result = results[name]
        s.note(f"{name} scene", client.scene.get_scenes_by_uuids([result.scene_uuid]))
        inputs = s.note(f"{name} inputs", client.input.query_inputs(scene_uuids=[result.scene_uuid]))
        given = s.note(f"{name} pre-annotations", client.pre_annotation.list(scene_uuids=[result.scene_uuid]))
        s.note(f"{name} input is the result's", [i.uuid for i in inputs] == [result.input_uuid])
        told = [p["id"] for p in given] == [result.preannotation_uuid or p["id"] for p in given]
        s.note(
            f"{name} pre-annotation is the result's", told and bool(given) == bool(result.preannotation_uuid)
        )
        s.note(name, result)
        s.scenes[name] = result.scene_uuid

    s.fails("dry run", lambda: list(create_inputs(client, [scene("dry")], PROJECT, dryrun=True)))
    s.fails("nothing", lambda: list(create_inputs(client, [], PROJECT)))
