"""Deprecated: use `kognic.io.model.scene.resources`."""

from __future__ import annotations

import attrs
from attrs import setters

from kognic.base_clients.errors import MissingFileError  # The same class: old code catches it.
from kognic.io.model.input._deprecated import Deprecated
from kognic.io.model.scene.resources import Image as _Image
from kognic.io.model.scene.resources import ImageMetadata as _ImageMetadata
from kognic.io.model.scene.resources import PointCloud as _PointCloud
from kognic.io.model.scene.resources import Resource as _Resource

__all__ = ["Image", "ImageMetadata", "MissingFileError", "PointCloud", "Resource"]


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Image(Deprecated, _Image):
    """Deprecated: use `kognic.io.model.scene.resources.Image`."""


@attrs.define(kw_only=True)
class ImageMetadata(Deprecated, _ImageMetadata):
    """Deprecated: use `kognic.io.model.scene.resources.ImageMetadata`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class PointCloud(Deprecated, _PointCloud):
    """Deprecated: use `kognic.io.model.scene.resources.PointCloud`."""


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Resource(Deprecated, _Resource):
    """Deprecated: use `kognic.io.model.scene.resources.Resource`."""
