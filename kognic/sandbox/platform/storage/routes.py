"""Signed URLs: uploads are streamed to disk, downloads from it.

Nothing here touches the database. Blocks are written and hashed in a thread, a megabyte at a time, so that
memory stays bounded and other calls go on.
"""

from __future__ import annotations

import logging

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kognic.sandbox.platform.annotations import documents
from kognic.sandbox.platform.errors import ForbiddenError
from kognic.sandbox.platform.platform import Platform
from kognic.sandbox.platform.storage.store import BLOCK, PREFIX, Incoming, StoredObject

logger = logging.getLogger(__name__)

MEDIA_TYPES = {
    "avif": "image/avif",
    "csv": "text/csv",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "png": "image/png",
    "webp": "image/webp",
}


def storage_routes(platform: Platform) -> list[Route]:
    """Make the routes below the storage prefix."""

    async def upload(request: Request) -> Response:
        refusal = _check_signature(platform, request, "PUT")
        if refusal is not None:
            return refusal
        try:
            stored = await _receive(platform, request)
        except ClientDisconnect:
            return Response(status_code=400)
        except OSError as exc:
            logger.error("an upload could not be stored: %s", exc)
            return _xml(500, "InternalError", "We encountered an internal error. Please try again.")
        except _TooLargeError:
            return _xml(400, "EntityTooLarge", "Your proposed upload is larger than the maximum object size")
        return Response(status_code=200, headers=_hashes(stored))

    async def download(request: Request) -> Response:
        refusal = _check_signature(platform, request, "GET")
        if refusal is not None:
            return refusal
        names = request.path_params
        return await platform.in_thread(_read, platform, names["bucket"], names["key"], names["name"])

    path = f"{PREFIX}/{{bucket}}/{{key}}/{{name}}"
    return [Route(path, upload, methods=["PUT"]), Route(path, download, methods=["GET"])]


def _read(platform: Platform, bucket: str, key: str, name: str) -> Response:
    """The response with an object; small ones are read at once, which saves a thread switch per block."""
    stored = platform.storage.find_hashed(bucket, key)
    stem, _, suffix = name.rpartition(".")
    if stored is None and bucket == documents.ISO_BUCKET:
        stored = documents.find_file(platform, stem, iso=True)
    if stored is None:
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    media_type = MEDIA_TYPES.get(suffix.lower(), "application/octet-stream")
    if stored.size > BLOCK:
        return FileResponse(stored.path, media_type=media_type, headers=_hashes(stored))
    return Response(stored.path.read_bytes(), media_type=media_type, headers=_hashes(stored))


class _TooLargeError(Exception):
    pass


async def _receive(platform: Platform, request: Request) -> StoredObject:
    """Store the body. A small one takes a single turn in a thread, a large one a turn per block."""
    bucket, key = request.path_params["bucket"], request.path_params["key"]
    storage, limit = platform.storage, platform.settings.max_upload
    incoming: Incoming | None = None
    waiting = bytearray()
    received = 0
    try:
        async for block in request.stream():
            received += len(block)
            if received > limit:
                raise _TooLargeError
            waiting += block
            if len(waiting) >= BLOCK:
                if incoming is None:
                    incoming = await platform.in_thread(storage.open_incoming)
                await platform.in_thread(incoming.write, waiting)
                waiting = bytearray()
        if incoming is None:
            return await platform.in_thread(storage.put_hashed, bucket, key, waiting)
        await platform.in_thread(incoming.write, waiting)
        return await platform.in_thread(storage.keep, bucket, key, incoming)
    except BaseException:
        if incoming is not None:
            incoming.drop()
        raise


def _check_signature(platform: Platform, request: Request, method: str) -> Response | None:
    query = request.query_params
    try:
        platform.urls.check(request.scope["path"], method, query.get("Expires"), query.get("Signature"))
    except ForbiddenError as exc:
        return _xml(403, exc.message, "The signed URL is not valid for this request, or no longer.")
    return None


def _hashes(stored: StoredObject) -> dict[str, str]:
    return {"ETag": stored.etag, "x-goog-hash": stored.goog_hash}


def _xml(status: int, code: str, message: str) -> Response:
    """An error in the form storage services use."""
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<?xml version='1.0' encoding='UTF-8'?>{error}", status, media_type="application/xml")
