"""Every operation of the platform's API, and the effect of repeating it.

The only place with paths and effects: resources use these constants, the retry layer reads their effect, and
the conformance suite and the table in the documentation are generated from `OPERATIONS`. Arguments, results
and lookups belong to the resources; the two search operations of the query service stand in
`kognic.query.operations`, transfers over signed URLs in `kognic.base_clients.cloud_storage`.

A creation is LOOKED_UP if its result can be found again by a key that the caller chose, see the
`lookup` of the resource method that calls it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kognic.base_clients.http.operations import Effect, Operation

# workspace
GET_WORKSPACES = Operation("GET", "v1/workspaces", Effect.READ)

# input: scenes by type. Reserving a uuid twice leaves one unused and nothing to see; IMU data and the scene
# itself contain that uuid (`internalId`), so sending them again results in the same scene.
INITIALIZE_SCENE = Operation("POST", "v1/inputs/initialize", Effect.IDEMPOTENT)
VALIDATE_IMU_DATA = Operation("POST", "v1/imu", Effect.IDEMPOTENT)
CREATE_SCENE = Operation("POST", "v1/inputs/{scene_type}", Effect.IDEMPOTENT)
CREATE_SCENE_IN_PROJECT = Operation("POST", "v1/inputs/project/{project}/{scene_type}", Effect.IDEMPOTENT)
CREATE_SCENE_IN_BATCH = Operation(
    "POST", "v1/inputs/project/{project}/batch/{batch}/{scene_type}", Effect.IDEMPOTENT
)
COMMIT_SCENE = Operation("POST", "v1/inputs/{scene_uuid}/actions/commit", Effect.IDEMPOTENT)

# input: scenes. A scene request has no ID and external IDs can repeat: the lookup can only determine
# that nothing was created.
CREATE_SCENE_FROM_REQUEST = Operation("POST", "v2/scenes", Effect.LOOKED_UP)
QUERY_SCENES = Operation("POST", "v2/scenes/query", Effect.READ)
GET_SCENE_SUMMARY = Operation("GET", "v2/scenes/{scene_uuid}", Effect.READ)
GET_EGO_POSES = Operation("GET", "v2/scenes/{scene_uuid}/ego-poses", Effect.READ)
INVALIDATE_SCENES = Operation("POST", "v2/scenes/actions/invalidate", Effect.IDEMPOTENT)
UPDATE_SCENE = Operation("PATCH", "v2/scenes/{scene_uuid}", Effect.IDEMPOTENT)

# input: inputs
CREATE_INPUTS_FROM_SCENE = Operation("POST", "v1/inputs", Effect.LOOKED_UP)
CREATE_INPUT = Operation("POST", "v2/inputs", Effect.LOOKED_UP)
QUERY_INPUTS = Operation("POST", "v2/inputs/query", Effect.READ)
DELETE_INPUT = Operation("DELETE", "v2/inputs/{input_uuid}", Effect.IDEMPOTENT)
UPDATE_INPUT_PRE_ANNOTATION = Operation("PATCH", "v2/inputs/{input_uuid}/pre-annotation", Effect.IDEMPOTENT)
INVALIDATE_INPUTS = Operation("POST", "v1/inputs/actions/invalidate", Effect.IDEMPOTENT)
FETCH_INPUTS = Operation("POST", "v1/inputs/fetch", Effect.READ)
QUERY_INPUTS_BY_UUIDS = Operation("POST", "v1/inputs/query", Effect.READ)

# input: annotations
GET_ANNOTATION_FOR_INPUT = Operation("GET", "v2/inputs/{input_uuid}/annotation", Effect.READ)
GET_ANNOTATIONS_FOR_SCENE = Operation("GET", "v2/scenes/{scene_uuid}/annotations", Effect.READ)
SEARCH_PROJECT_ANNOTATIONS = Operation(
    "GET", "v1/annotations/projects/{project}/annotation-type/{annotation_type}/search", Effect.READ
)
SEARCH_BATCH_ANNOTATIONS = Operation(
    "GET",
    "v1/annotations/projects/{project}/batch/{batch}/annotation-type/{annotation_type}/search",
    Effect.READ,
)
GET_ANNOTATION_BY_TYPE = Operation(
    "GET", "v1/annotations/inputs/{scene_uuid}/annotation-type/{annotation_type}", Effect.READ
)

# input: pre-annotations
CREATE_PRE_ANNOTATION = Operation("POST", "v1/pre-annotations", Effect.LOOKED_UP)
LIST_PRE_ANNOTATIONS = Operation("GET", "v2/pre-annotations", Effect.READ)
CREATE_PRE_ANNOTATION_FROM_CLOUD = Operation("POST", "v2/pre-annotations", Effect.LOOKED_UP)
UPDATE_PRE_ANNOTATION = Operation("PATCH", "v2/pre-annotations/{pre_annotation_uuid}", Effect.IDEMPOTENT)
DELETE_PRE_ANNOTATION = Operation("DELETE", "v2/pre-annotations/{pre_annotation_uuid}", Effect.IDEMPOTENT)
RESOLVE_PRE_ANNOTATION = Operation("GET", "v2/pre-annotations/{pre_annotation_uuid}/resolved", Effect.READ)

# input: calibrations
GET_CALIBRATIONS = Operation("GET", "v1/calibrations", Effect.READ)
CREATE_CALIBRATION = Operation("POST", "v1/calibrations", Effect.LOOKED_UP)

# input: projects and batches
GET_PROJECTS = Operation("GET", "v1/projects", Effect.READ)
GET_PROJECT_BATCHES = Operation("GET", "v1/projects/{project}/batches", Effect.READ)
CREATE_BATCH = Operation("POST", "v1/projects/{project}/batches/{batch}", Effect.LOOKED_UP)
PUBLISH_BATCH = Operation("POST", "v1/projects/{project}/batches/{batch}/publish", Effect.IDEMPOTENT)
GET_PROJECT_ANNOTATION_TYPES = Operation("GET", "v1/projects/{project}/annotation-types", Effect.READ)
GET_BATCH_ANNOTATION_TYPES = Operation(
    "GET", "v1/projects/{project}/batches/{batch}/annotation-types", Effect.READ
)

# order-execution
LIST_REQUEST_INPUTS = Operation("GET", "v2/request-inputs", Effect.READ)
GET_REQUEST_INPUT = Operation("GET", "v2/request-inputs/{request_input_id}", Effect.READ)
UPDATE_TASK = Operation("PATCH", "v1/tasks/{task_id}", Effect.IDEMPOTENT)

# annotation-integration. A review has no key that distinguishes it from an identical one.
GET_ANNOTATION = Operation("GET", "v1/annotations/{annotation_id}", Effect.READ)
CREATE_REVIEW = Operation("POST", "v1/annotations/{annotation_id}/review", Effect.UNREPEATABLE)
GET_REVIEW = Operation("GET", "v1/reviews/{review_id}", Effect.READ)
GET_REVIEW_ERROR_TYPES = Operation("GET", "v1/reviews/error-types", Effect.READ)
GET_AUTO_REVIEWS = Operation("GET", "v0/request-inputs/{request_input_id}/auto-reviews", Effect.READ)

# project-management
GET_REQUESTS = Operation("GET", "v2/requests", Effect.READ)

# dataset. Predictions cannot be listed, so an ambiguous creation cannot be looked up.
GET_DATASETS = Operation("GET", "v2/datasets", Effect.READ)
GET_DATASET_ANNOTATIONS = Operation("GET", "v1/datasets/{dataset_uuid}/annotations", Effect.READ)
GET_PREDICTIONS_GROUPS = Operation("GET", "v1/datasets/{dataset_uuid}/predictions-groups", Effect.READ)
CREATE_PREDICTIONS_GROUP = Operation(
    "POST", "v1/datasets/{dataset_uuid}/predictions-groups", Effect.LOOKED_UP
)
CREATE_PREDICTION = Operation("POST", "v1/predictions-groups/{group_uuid}/predictions", Effect.UNREPEATABLE)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: value for name, value in tuple(globals().items()) if isinstance(value, Operation)}
)
"""All of the above by name, in the order of this module."""
