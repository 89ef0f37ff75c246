"""Datasets: curated annotations, and predictions to compare with them.

The platform documents this service as an early release; lists are returned as decoded JSON.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from typing import Any, cast

from kognic._core.pools import interruptible_pool
from kognic.base_clients.errors import AmbiguousWriteError
from kognic.base_clients.http.client import HttpClient
from kognic.io.resources import operations
from kognic.io.resources.errors import PredictionsError
from kognic.io.resources.pre_annotation.content import OpenLabelContent, openlabel_to_json
from kognic.io.resources.shapes import items

MAX_CONNECTIONS = 10
"""What the service allows at once."""


class DatasetResource:
    """Datasets, their annotations and predictions; at most ten concurrent requests."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)

    def get_datasets(self) -> list[dict[str, Any]]:
        """List the datasets that the caller can see.

        Raises:
            ApiError: The request failed.
        """
        with self._slots:
            return items(self._client.call(operations.GET_DATASETS), operations.GET_DATASETS)

    def get_annotations(self, dataset_uuid: str) -> Iterator[dict[str, Any]]:
        """Iterate over the annotations of a dataset.

        Pages are fetched as they are consumed, so an error may surface mid-iteration.

        Args:
            dataset_uuid: UUID of the dataset.

        Raises:
            NotFoundError: The dataset does not exist.
        """
        rows = self._client.rows(operations.GET_DATASET_ANNOTATIONS, {"dataset_uuid": dataset_uuid})
        while True:
            with self._slots:  # a page may be fetched here; not held while the caller works on a row
                row = next(rows, None)
            if row is None:
                return
            yield row

    def get_predictions_groups(self, dataset_uuid: str) -> list[dict[str, Any]]:
        """List the groups of predictions of a dataset.

        Args:
            dataset_uuid: UUID of the dataset.

        Raises:
            NotFoundError: The dataset does not exist.
        """
        with self._slots:
            found = self._client.call(operations.GET_PREDICTIONS_GROUPS, {"dataset_uuid": dataset_uuid})
        return items(found, operations.GET_PREDICTIONS_GROUPS)

    def create_predictions_group(
        self,
        dataset_uuid: str,
        name: str,
        description: str,
        class_mapping: Iterable[Mapping[str, str]] | None = None,
    ) -> str:
        """Create a group for the predictions of one model or experiment.

        Args:
            dataset_uuid: UUID of the dataset.
            name: Name of the group.
            description: Description of the group.
            class_mapping: `{"annotated": class, "predicted": class}` for every class of both sides;
                mandatory for segmentation datasets, where unlabelled area is `_background`.

        Returns:
            UUID of the group.

        Raises:
            BadRequestError: The platform rejected its content.
            NotFoundError: The dataset does not exist.
            AmbiguousWriteError: The response was lost, and more than one group has that name.
        """
        body = {
            "name": name,
            "description": description,
            "classMapping": None if class_mapping is None else [dict(item) for item in class_mapping],
        }
        with self._slots:
            created = self._client.call(
                operations.CREATE_PREDICTIONS_GROUP,
                {"dataset_uuid": dataset_uuid},
                json=body,
                lookup=lambda: self._find_group(dataset_uuid, name),
            )
        return str(created)

    def create_prediction(self, group_uuid: str, scene_uuid: str, openlabel_content: OpenLabelContent) -> str:
        """Add the predictions of a model for one scene.

        Args:
            group_uuid: UUID of the group.
            scene_uuid: UUID of the scene.
            openlabel_content: The prediction: a kognic-openlabel model, decoded JSON, or the path of a JSON
                file. Cuboids have heading along +y, as in pre-annotations.

        Returns:
            UUID of the prediction.

        Raises:
            ValueError: `openlabel_content` is not an OpenLABEL document.
            BadRequestError: The platform rejected the content.
            NotFoundError: The group or scene does not exist.
            AmbiguousWriteError: The response was lost, so the prediction may exist; it cannot be looked up.
        """
        return self._send(group_uuid, scene_uuid, openlabel_content)

    def create_predictions(
        self,
        group_uuid: str,
        predictions: Mapping[str, OpenLabelContent] | Iterable[tuple[str, OpenLabelContent]],
        *,
        max_connections: int = MAX_CONNECTIONS,
    ) -> list[str]:
        """Add the predictions of a model for many scenes, in parallel.

        Args:
            group_uuid: UUID of the group.
            predictions: OpenLABEL content by scene UUID, or pairs of both. An iterable is consumed lazily,
                so it can be larger than memory.
            max_connections: Number of concurrent requests, 1 to 10.

        Returns:
            UUIDs of the predictions, in the order given.

        Raises:
            ValueError: `max_connections` is out of range; raised before anything is sent.
            PredictionsError: Some failed. Requests in flight were finished, the others were not sent.
        """
        if not 1 <= max_connections <= MAX_CONNECTIONS:
            raise ValueError(f"max_connections is {max_connections}, must be 1 to {MAX_CONNECTIONS}")
        pairs: Iterable[tuple[str, OpenLabelContent]]
        if isinstance(predictions, Mapping):
            pairs = cast("Mapping[str, OpenLabelContent]", predictions).items()
        else:
            pairs = predictions
        created: dict[int, str] = {}
        failed: dict[int, Exception] = {}
        running: deque[tuple[int, Future[str]]] = deque()
        with interruptible_pool(max_connections, "kognic-predictions") as pool:
            for position, (scene_uuid, content) in enumerate(pairs):
                running.append((position, pool.submit(self._send, group_uuid, scene_uuid, content)))
                if len(running) >= 2 * max_connections:
                    _collect(*running.popleft(), created, failed)
                if failed:
                    break
            # After a failure, predictions that no thread has started are not sent.
            cancelled = [position for position, future in running if failed and future.cancel()]
            for position, future in running:
                if not future.cancelled():
                    _collect(position, future, created, failed)
        if failed:
            first = min(failed)
            raise PredictionsError(
                f"{len(failed)} predictions of group {group_uuid} failed, first that at position {first}: "
                f"{failed[first]}. {len(created)} exist; `created` and `failed` tell which, nothing after "
                "them was sent",
                created=created,
                failed=failed,
                not_sent=cancelled,
            )
        return [created[position] for position in sorted(created)]

    def _send(self, group_uuid: str, scene_uuid: str, content: OpenLabelContent) -> str:
        body = {"sceneUuid": scene_uuid, "openlabelContent": openlabel_to_json(content)}
        with self._slots:
            return str(self._client.call(operations.CREATE_PREDICTION, {"group_uuid": group_uuid}, json=body))

    def _find_group(self, dataset_uuid: str, name: str) -> str | None:
        """Find the group of a creation whose response was lost; None if it did not happen."""
        operation = operations.GET_PREDICTIONS_GROUPS
        groups = items(self._client.call(operation, {"dataset_uuid": dataset_uuid}), operation)
        same = [group for group in groups if isinstance(group, dict) and group.get("name") == name]
        if not same:
            return None
        # The fields of a listed group are not documented; its UUID can have either name.
        uuid = same[0].get("uuid") or same[0].get("id")
        if len(same) > 1 or uuid is None:
            raise AmbiguousWriteError(
                f"Predictions group {name!r} may have been created: the data set has "
                f"{len(same)} of that name. Look at get_predictions_groups before creating it again",
                operation=str(operations.CREATE_PREDICTIONS_GROUP),
            )
        return str(uuid)


def _collect(
    position: int, future: Future[str], created: dict[int, str], failed: dict[int, Exception]
) -> None:
    try:
        created[position] = future.result()
    except Exception as exc:  # each is reported with its position by PredictionsError
        failed[position] = exc
