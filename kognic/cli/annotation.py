"""`kognic annotation`: a few annotations at a time; whole projects are exported."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kognic._core.files import replacing
from kognic._core.terminal import echo
from kognic.cli import output
from kognic.cli.lazy import LazyGroup
from kognic.cli.platform import Platform, platform_command

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.io.model.annotation.annotation import Annotation

_SELECTION = (
    click.argument("annotation_uuid", metavar="[ANNOTATION]", required=False),
    click.option("--input", "input", metavar="INPUT", help="The delivered annotation of this input."),
    click.option("--scene", "scene", metavar="SCENE", help="Every delivered annotation of this scene."),
    click.option(
        "--iso8855", is_flag=True, help="Get cuboids with heading along +x (ISO 8855) instead of +y."
    ),
)


def _selection(command: Any) -> Any:
    for option in reversed(_SELECTION):
        command = option(command)
    return command


@click.group(cls=LazyGroup)
def annotation() -> None:
    """Download, check, compare and convert annotations."""


@annotation.command("show")
@_selection
@platform_command
def show(platform: Platform, **selection: Any) -> None:
    """Show annotations. With --json, print the complete documents.

    ANNOTATION is the UUID of a delivered or preliminary annotation. A scene is given by UUID or external ID,
    an input by UUID or by the external ID of a scene with one input.
    """
    found = _annotations(platform.client, **selection)
    if platform.as_json:
        platform.show(found, ())
    else:
        platform.show(
            map(_summary, found),
            ("annotation", "input", "scene", "preliminary", "created", "frames", "objects"),
        )


@annotation.command("download")
@_selection
@click.option("--project", metavar="PROJECT", help="Every delivered annotation of this project.")
@click.option(
    "--annotation-type",
    metavar="TYPE",
    help="With --project: annotation type; default: the project's only one.",
)
@click.option("--batch", metavar="BATCH", help="With --project: only annotations of this batch.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder to write to; default: the current folder.",
)
@platform_command
def download(
    platform: Platform,
    project: str | None,
    annotation_type: str | None,
    batch: str | None,
    folder: Path,
    **selection: Any,
) -> None:
    """Write OpenLABEL documents into files, one per annotation.

    ANNOTATION is the UUID of a delivered or preliminary annotation. For whole projects, 'kognic annotation
    export' is faster, and downloads only what is new the next time.
    """
    platform.patient = True
    if project is None and (annotation_type or batch):
        raise click.UsageError("--annotation-type and --batch need --project.")
    if project is None:
        found: Iterable[Any] = _annotations(platform.client, **selection)
    elif any(selection[name] for name in ("annotation_uuid", "input", "scene")):
        raise click.UsageError("Pass one of ANNOTATION (a UUID), --input, --scene and --project.")
    else:
        wanted = annotation_type or only_annotation_type(platform.client, project)
        found = platform.client.annotation.get_project_annotations(
            project, wanted, batch=batch, iso_rotated_cuboids=selection["iso8855"]
        )
    written = []
    for item in found:
        written.append({"file": str(_write(folder, item)), "scene_uuid": item.scene_uuid})
        if not platform.as_json:
            echo(written[-1]["file"])
    if platform.as_json:
        platform.show(written, ())
    elif not written:
        output.note("No annotations.")


def only_annotation_type(client: KognicIOClient, project: str) -> str:
    """Return the annotation type of a project that has one.

    Raises:
        UsageError: It has none, or more than one.
    """
    # QA is a kind of work on annotations, not a type of annotations.
    types = [t for t in client.project.get_annotation_types(project) if t != "QA"]
    if len(types) != 1:
        message = f"has more than one annotation type, choose one with --annotation-type: {', '.join(types)}"
        raise click.UsageError(f"Project {project} {message if types else 'has no annotation type'}")
    return types[0]


def _annotations(
    client: KognicIOClient,
    *,
    annotation_uuid: str | None,
    input: str | None,
    scene: str | None,
    iso8855: bool,
) -> list[Annotation]:
    if sum(value is not None for value in (annotation_uuid, input, scene)) != 1:
        raise click.UsageError("Pass one of ANNOTATION (a UUID), --input and --scene.")
    from kognic.pipelines.lookup import input_uuid, scene_uuid

    annotations = client.annotation
    if annotation_uuid is not None:
        return [annotations.get_annotation_by_id(annotation_uuid, iso_rotated_cuboids=iso8855)]
    if input is not None:
        uuid = input_uuid(client, input)
        return [annotations.get_annotation_for_input(uuid, iso_rotated_cuboids=iso8855)]
    return annotations.get_annotations_for_scene(scene_uuid(client, str(scene)), iso_rotated_cuboids=iso8855)


def _summary(item: Annotation) -> dict[str, Any]:
    document = _document(item)
    kinds = Counter(thing.get("type") for thing in (document.get("objects") or {}).values())
    return {
        "annotation": _uuid(item),
        "input": item.input_uuid,
        "scene": item.scene_uuid,
        "preliminary": item.is_preliminary,
        "created": item.created,
        "frames": len(document.get("frames") or {}),
        "objects": ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()),
    }


def _document(item: Any) -> dict[str, Any]:
    return (item.content or {}).get("openlabel") or {}


def _uuid(item: Any) -> str | None:
    return (_document(item).get("metadata") or {}).get("uuid")


def _write(folder: Path, item: Any) -> Path:
    # Names come from the platform: nothing in them may lead out of the folder.
    parts = [re.sub(r"[^\w.-]", "_", part).lstrip(".") for part in _name_parts(item)]
    path = folder / ("_".join(parts) + ".json")
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(f"{json.dumps(item.content, indent=1)}\n".encode())
    return path


def _name_parts(item: Any) -> Iterator[str]:
    yield item.scene_uuid
    yield _uuid(item) or getattr(item, "input_uuid", None) or "annotation"
