"""Every documented endpoint of the platform, as method and path."""

from __future__ import annotations

import re

_ENDPOINTS = """
POST /v1/auth/oauth/token
GET /v1/workspaces
POST /v1/inputs/initialize
POST /v1/imu
POST /v1/inputs/project/{project}/batch/{batch}/cameras
POST /v1/inputs/project/{project}/batch/{batch}/cameras-sequence
POST /v1/inputs/project/{project}/batch/{batch}/lidars
POST /v1/inputs/project/{project}/batch/{batch}/lidars-sequence
POST /v1/inputs/project/{project}/batch/{batch}/lidars-and-cameras
POST /v1/inputs/project/{project}/batch/{batch}/lidars-and-cameras-sequence
POST /v1/inputs/project/{project}/batch/{batch}/aggregated-lidars-and-cameras-sequence
POST /v1/inputs/project/{project}/cameras
POST /v1/inputs/cameras
POST /v1/inputs/{scene}/actions/commit
POST /v2/scenes
POST /v2/scenes/query
GET /v2/scenes/{scene}
GET /v2/scenes/{scene}/ego-poses
POST /v2/scenes/actions/invalidate
PATCH /v2/scenes/{scene}
GET /v2/scenes/{scene}/annotations
POST /v1/inputs
POST /v2/inputs
POST /v2/inputs/query
DELETE /v2/inputs/{input}
PATCH /v2/inputs/{input}/pre-annotation
GET /v2/inputs/{input}/annotation
POST /v1/inputs/actions/invalidate
POST /v1/inputs/fetch
POST /v1/inputs/query
GET /v1/annotations/projects/{project}/annotation-type/{type}/search
GET /v1/annotations/projects/{project}/batch/{batch}/annotation-type/{type}/search
GET /v1/annotations/inputs/{scene}/annotation-type/{type}
POST /v1/pre-annotations
GET /v2/pre-annotations
POST /v2/pre-annotations
PATCH /v2/pre-annotations/{pre_annotation}
DELETE /v2/pre-annotations/{pre_annotation}
GET /v2/pre-annotations/{pre_annotation}/resolved
GET /v1/calibrations
POST /v1/calibrations
GET /v1/projects
GET /v1/projects/{project}/batches
POST /v1/projects/{project}/batches/{batch}
POST /v1/projects/{project}/batches/{batch}/publish
GET /v1/projects/{project}/annotation-types
GET /v1/projects/{project}/batches/{batch}/annotation-types
GET /v2/request-inputs
GET /v2/request-inputs/{input}
PATCH /v1/tasks/{task}
GET /v1/annotations/{annotation}
POST /v1/annotations/{annotation}/review
GET /v1/reviews/{review}
GET /v1/reviews/error-types
GET /v0/request-inputs/{input}/auto-reviews
GET /v2/requests
POST /v1/search/judgements/query
POST /v1/search/kpi/query
"""
# Longer templates first: `/v1/reviews/error-types` is not a review.
ENDPOINTS = tuple(line for line in _ENDPOINTS.split("\n") if line)
_PATTERNS = [
    (endpoint, re.compile(re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(endpoint))))
    for endpoint in sorted(ENDPOINTS, key=lambda e: (e.count("{"), e))
]


def endpoint_of(method: str, path: str) -> str | None:
    """The documented endpoint that a call went to; None for storage and everything else."""
    call = f"{method} {path}"
    return next((endpoint for endpoint, pattern in _PATTERNS if pattern.fullmatch(call)), None)
