"""Annotations: what the platform delivers.

Contents are OpenLABEL documents behind signed URLs. They are returned as JSON that is decoded at first
access, because decoding a large document takes longer than downloading it. Parsing it into models takes
even longer; to do so, use `OpenLabelAnnotation.model_validate` of kognic-openlabel.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator

from kognic.base_clients.cloud_storage import FileResourceClient
from kognic.base_clients.cloud_storage.results import DownloadResult
from kognic.base_clients.http.client import HttpClient
from kognic.io.model.annotation import client_annotation
from kognic.io.model.annotation.annotation import Annotation, PartialAnnotation, SignedAnnotation
from kognic.io.resources import operations
from kognic.io.resources.annotation.contents import ListedPage, with_contents
from kognic.io.resources.shapes import items
from kognic.io.util import deprecated_parameter


class AnnotationResource:
    """Get annotations by ID, input, scene or project."""

    # The order of arguments is that of the official client, because customers pass them by position.
    def __init__(
        self,
        client: HttpClient,
        file_client: FileResourceClient,
        workspace_id: str | Callable[[], str] | None = None,
        annotation_integration_client: HttpClient | None = None,
    ) -> None:
        self._client = client
        self._file_client = file_client
        self._workspace = workspace_id
        self._integration_client = annotation_integration_client or client

    def get_annotation_by_id(self, annotation_id: str, *, iso_rotated_cuboids: bool = False) -> Annotation:
        """Get one annotation, delivered or preliminary, with its content.

        Args:
            annotation_id: UUID of a delivered annotation (in the document's metadata and file name), or of
                the result of a completed task, e.g. `last_completed_annotation_id` of a request input.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            NotFoundError: The annotation does not exist, or it has been invalidated.
        """
        found = self._integration_client.call(
            operations.GET_ANNOTATION,
            {"annotation_id": annotation_id},
            params={"isoBoxes": _flag(iso_rotated_cuboids)},
        )
        signed = SignedAnnotation.from_json(found)
        return signed.to_annotation(self._file_client.get_document(signed.signed_url))

    def get_annotation_for_input(self, input_uuid: str, iso_rotated_cuboids: bool = False) -> Annotation:
        """Get the delivered annotation of an input, with its content.

        Args:
            input_uuid: UUID of the input.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            NotFoundError: The input does not exist, or no annotation has been delivered for it.
        """
        found = self._client.call(
            operations.GET_ANNOTATION_FOR_INPUT,
            {"input_uuid": input_uuid},
            params=_cartesian(iso_rotated_cuboids),
        )
        partial = PartialAnnotation.from_json(found)
        return partial.to_annotation(self._file_client.get_document(partial.uri))

    def get_annotations_for_scene(
        self, scene_uuid: str, iso_rotated_cuboids: bool = False
    ) -> list[Annotation]:
        """Get the delivered annotations of a scene, one per input, with their contents.

        Contents are downloaded in parallel and returned in the platform's order.

        Args:
            scene_uuid: UUID of the scene.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            NotFoundError: The scene does not exist.
        """
        found = self._client.call(
            operations.GET_ANNOTATIONS_FOR_SCENE,
            {"scene_uuid": scene_uuid},
            params=_cartesian(iso_rotated_cuboids),
        )
        partials = [
            PartialAnnotation.from_json(item) for item in items(found, operations.GET_ANNOTATIONS_FOR_SCENE)
        ]
        contents = self._file_client.get_document_many(partial.uri for partial in partials)
        return [partial.to_annotation(content) for partial, content in zip(partials, contents, strict=True)]

    def get_project_annotations(
        self,
        project: str,
        annotation_type: str,
        batch: str | None = None,
        include_content: bool = True,
        iso_rotated_cuboids: bool = False,
    ) -> Generator[client_annotation.Annotation, None, None]:
        """Iterate over the delivered annotations of a project.

        No request is sent before the iteration starts. Pages are fetched as they are consumed. Contents are
        downloaded in parallel with limited look-ahead, and yielded in the platform's order. Errors are raised
        during the iteration. Take as long as you like for each annotation: if the signed URLs of a page
        expire meanwhile, the page is fetched again.

        Args:
            project: External ID of the project.
            annotation_type: One of `client.project.get_annotation_types(project)`.
            batch: External ID of a batch; None for all of them.
            include_content: Download the contents; if False, `content` is None.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            BadRequestError: The project does not have that annotation type.
            NotFoundError: The project or batch does not exist.
        """
        pages = self._pages_of_project(project, annotation_type, batch, iso_rotated_cuboids)
        if include_content:
            yield from with_contents(pages, self._file_client)
        else:
            for page in pages:
                for partial in page.partials:
                    yield partial.to_annotation(None)

    def list_project_annotations(
        self,
        project: str,
        annotation_type: str,
        batch: str | None = None,
        *,
        iso_rotated_cuboids: bool = False,
    ) -> Iterator[client_annotation.PartialAnnotation]:
        """Iterate over the delivered annotations of a project without their contents.

        Pages are fetched as they are consumed. The URL of each content (`uri`) is a secret and expires soon
        after its page was fetched. To download a content, pass the annotation to `download`.

        Args:
            project: External ID of the project.
            annotation_type: One of `client.project.get_annotation_types(project)`.
            batch: External ID of a batch; None for all of them.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            BadRequestError: The project does not have that annotation type.
            NotFoundError: The project or batch does not exist.
        """
        pages = self._pages_of_project(project, annotation_type, batch, iso_rotated_cuboids)
        return itertools.chain.from_iterable(page.partials for page in pages)

    def _pages_of_project(
        self, project: str, annotation_type: str, batch: str | None, iso_rotated_cuboids: bool
    ) -> Iterator[ListedPage]:
        operation = operations.SEARCH_PROJECT_ANNOTATIONS
        path = {"project": project, "annotation_type": annotation_type}
        if batch is not None:
            operation, path["batch"] = operations.SEARCH_BATCH_ANNOTATIONS, batch
        pages = self._client.page_lists(operation, path, params=_cartesian(iso_rotated_cuboids))
        return map(ListedPage, pages)

    def download(
        self,
        annotation: PartialAnnotation | client_annotation.PartialAnnotation,
        path: str | os.PathLike[str],
    ) -> DownloadResult:
        """Download the content of an annotation to a file, byte for byte as delivered.

        The file is replaced atomically, once the download is complete and flushed to disk.

        Args:
            annotation: One of `list_project_annotations`.
            path: The file.

        Raises:
            SignedUrlExpiredError: The URL has expired: list the annotations again.
            ApiError: Storage returned an error.
            OSError: The file cannot be written.
        """
        return self._file_client.download(annotation.uri, path)

    @deprecated_parameter("input_uuid", "scene_uuid", "3.0.0")
    def get_annotation(
        self, scene_uuid: str, annotation_type: str, iso_rotated_cuboids: bool = False
    ) -> client_annotation.Annotation:
        """Get the delivered annotation of one type of a scene, with its content.

        Args:
            scene_uuid: UUID of the scene; `input_uuid` is its deprecated name.
            annotation_type: Name of the annotation type.
            iso_rotated_cuboids: Cuboids with heading along +x (ISO 8855) instead of +y.

        Raises:
            NotFoundError: The scene or annotation type does not exist, or the scene has no annotation of it.
        """
        found = self._client.call(
            operations.GET_ANNOTATION_BY_TYPE,
            {"scene_uuid": scene_uuid, "annotation_type": annotation_type},
            params=_cartesian(iso_rotated_cuboids),
        )
        return client_annotation.Annotation.from_json(found)


def _flag(value: bool) -> str | None:
    return "true" if value else None


def _cartesian(iso_rotated_cuboids: bool) -> dict[str, str | None]:
    return {"useDefaultCartesian": _flag(iso_rotated_cuboids)}
