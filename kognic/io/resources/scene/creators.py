"""The scene creators: one generic class, and one class per kind of scene made from the table of kinds.

They differ only in the name and class of the argument of `create`. The generated stub next to this module
provides their signatures to type checkers and editors. The steps are in `kognic.io.resources.scene.creation`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.resources.abstract import CreateableIOResource
from kognic.io.scene_kinds import KINDS, SceneKind

_DOC = """Create a scene and upload its files.

        The files are uploaded before this returns. The platform then converts the scene; see
        `client.scene.wait_until_created`.

        Args:
            {attribute}: The scene, a `{model}`.
            project: External ID of a project to create inputs in once the scene is ready.
            batch: External ID of a batch of `project`; None uses its latest open batch.
            annotation_types: Deprecated; has no effect.
            dryrun: Validate on the platform without creating or uploading anything; the result is None.
            feature_flags: How the scene is processed; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: Before anything is sent: the scene is of another class, two resources share an ID and
                differ, or `batch` is given without `project`. Or the workspace to write to is unknown.
            BadRequestError: The platform rejected the scene; nothing was created.
            NotFoundError: The project or batch does not exist.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
                A file that is missing or empty, or a file object that is closed, empty or opened for writing
                only, is reported before anything is sent.
            ModelValidationError: The platform did not say where to upload a file.
        """


class SceneCreator(CreateableIOResource):
    """Creates scenes of one kind, and inputs from scenes."""


def _creator(kind: SceneKind) -> type[SceneCreator]:
    signature = _signature(kind)

    def create(self: SceneCreator, *args: Any, **kwargs: Any) -> CreateSceneResponse | None:
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        _, scene, *options = given.arguments.values()
        return self._create(scene, *options)

    create.__doc__ = _DOC.format(attribute=kind.attribute, model=kind.model_name)
    create.__qualname__ = f"{kind.model_name}.create"
    create.__signature__ = signature  # type: ignore[attr-defined]
    members = {
        "__doc__": kind.summary,
        "__module__": __name__,
        "_kind": kind,
        "create": create,
    }
    return type(kind.model_name, (SceneCreator,), members)


def _signature(kind: SceneKind) -> inspect.Signature:
    one = inspect.Parameter.POSITIONAL_OR_KEYWORD
    text = "str | None"
    return inspect.Signature(
        [
            inspect.Parameter("self", one),
            inspect.Parameter(kind.attribute, one, annotation=kind.model_name),
            inspect.Parameter("project", one, default=None, annotation=text),
            inspect.Parameter("batch", one, default=None, annotation=text),
            inspect.Parameter("annotation_types", one, default=None, annotation="list[str] | None"),
            inspect.Parameter("dryrun", one, default=False, annotation="bool"),
            inspect.Parameter("feature_flags", one, default=None, annotation=FeatureFlags | None),
        ],
        return_annotation=CreateSceneResponse | None,
    )


CREATORS: Mapping[str, type[SceneCreator]] = {kind.attribute: _creator(kind) for kind in KINDS}
globals().update({creator.__name__: creator for creator in CREATORS.values()})
