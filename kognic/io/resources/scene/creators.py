"""The seven creators: one class per kind of scene.

They differ in the name and class of what `create` takes, and in nothing else: what `create` does is told
in `kognic.io.resources.scene.creation`, `create_from_scene` comes from `CreateableIOResource`.
"""

from __future__ import annotations

from typing import Literal, overload

from kognic.io.model import scene as models
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.lidars.lidars import Lidars as LidarsModel
from kognic.io.model.scene.lidars_sequence.lidars_sequence import LidarsSequence as LidarsSequenceModel
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.resources.abstract import CreateableIOResource
from kognic.io.resources.scene import kinds


class Cameras(CreateableIOResource):
    """Creates scenes of images of one moment."""

    _kind = kinds.CAMERAS

    @overload
    def create(
        self,
        cameras: models.Cameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        cameras: models.Cameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        cameras: models.Cameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of images of one moment, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            cameras: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(cameras, project, batch, annotation_types, dryrun, feature_flags)


class CamerasSequence(CreateableIOResource):
    """Creates scenes of images of several moments."""

    _kind = kinds.CAMERAS_SEQUENCE

    @overload
    def create(
        self,
        cameras_sequence: models.CamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        cameras_sequence: models.CamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        cameras_sequence: models.CamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of images of several moments, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            cameras_sequence: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(cameras_sequence, project, batch, annotation_types, dryrun, feature_flags)


class Lidars(CreateableIOResource):
    """Creates scenes of point clouds of one moment."""

    _kind = kinds.LIDARS

    @overload
    def create(
        self,
        lidars: LidarsModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        lidars: LidarsModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        lidars: LidarsModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of point clouds of one moment, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            lidars: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(lidars, project, batch, annotation_types, dryrun, feature_flags)


class LidarsSequence(CreateableIOResource):
    """Creates scenes of point clouds of several moments."""

    _kind = kinds.LIDARS_SEQUENCE

    @overload
    def create(
        self,
        lidars_sequence: LidarsSequenceModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        lidars_sequence: LidarsSequenceModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        lidars_sequence: LidarsSequenceModel,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of point clouds of several moments, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            lidars_sequence: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(lidars_sequence, project, batch, annotation_types, dryrun, feature_flags)


class LidarsAndCameras(CreateableIOResource):
    """Creates scenes of point clouds and images of one moment."""

    _kind = kinds.LIDARS_AND_CAMERAS

    @overload
    def create(
        self,
        lidars_and_cameras: models.LidarsAndCameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        lidars_and_cameras: models.LidarsAndCameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        lidars_and_cameras: models.LidarsAndCameras,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of point clouds and images of one moment, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            lidars_and_cameras: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(lidars_and_cameras, project, batch, annotation_types, dryrun, feature_flags)


class LidarsAndCamerasSequence(CreateableIOResource):
    """Creates scenes of point clouds and images of several moments."""

    _kind = kinds.LIDARS_AND_CAMERAS_SEQUENCE

    @overload
    def create(
        self,
        lidars_and_cameras_sequence: models.LidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        lidars_and_cameras_sequence: models.LidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        lidars_and_cameras_sequence: models.LidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of point clouds and images of several moments, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            lidars_and_cameras_sequence: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(
            lidars_and_cameras_sequence, project, batch, annotation_types, dryrun, feature_flags
        )


class AggregatedLidarsAndCamerasSequence(CreateableIOResource):
    """Creates scenes of point clouds put together over time, and images."""

    _kind = kinds.AGGREGATED_LIDARS_AND_CAMERAS_SEQUENCE

    @overload
    def create(
        self,
        aggregated_lidars_and_cameras_seq: models.AggregatedLidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...

    @overload
    def create(
        self,
        aggregated_lidars_and_cameras_seq: models.AggregatedLidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...

    def create(
        self,
        aggregated_lidars_and_cameras_seq: models.AggregatedLidarsAndCamerasSequence,
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None:
        """Create a scene of point clouds put together over time, and images, and upload its files.

        Files are uploaded before this returns; the platform then converts the scene, see
        `client.scene.wait_until_created`.

        Args:
            aggregated_lidars_and_cameras_seq: The scene.
            project: External id of a project in which inputs are made once the scene is ready.
            batch: External id of a batch of `project`; None takes its latest open one.
            annotation_types: Has no effect any more.
            dryrun: Only let the platform check the scene; nothing is uploaded and the result is None.
            feature_flags: What processing does; None for `FeatureFlags.defaults()`.

        Raises:
            ValueError: The scene is of another class, two of its resources share an id and differ, or `batch`
                comes without `project`; raised before anything is sent. Or the workspace to write to could
                not be told.
            BadRequestError: The platform refused the scene; nothing was created.
            NotFoundError: There is no such project or batch.
            UploadError: A file could not be uploaded. The scene exists and stays pending; the error names it.
            ModelValidationError: The platform did not say where to upload a file.
        """
        return self._create(
            aggregated_lidars_and_cameras_seq, project, batch, annotation_types, dryrun, feature_flags
        )
