"""Base class of images and point clouds: a file of a sensor, or data to upload as one."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
from attrs import setters

from kognic._core.standard_classes import keep_class
from kognic.base_clients.errors import MissingFileError
from kognic.base_clients.serialization import BaseSerializer, never_sent
from kognic.base_clients.serialization.problems import Invalid, InvalidKind, expected, with_article
from kognic.base_clients.serialization.scalars import is_unicode
from kognic.io.model.scene.file_data import FileData, content_type_of

if TYPE_CHECKING:
    from typing import Self

__all__ = ["MissingFileError", "Resource"]

_IMAGE_SUFFIXES = frozenset({".avif", ".jpeg", ".jpg", ".png", ".webp"})
_CLOUD_SUFFIXES = frozenset({".csv", ".las", ".laz", ".pcd"})
_KINDS = {True: "image", False: "point cloud"}


def _path_text(value: str | os.PathLike[str]) -> str:
    if type(value) is str:
        return value
    text = os.fspath(value) if isinstance(value, str | os.PathLike) else value
    if not isinstance(text, str):
        # Python's own class for an argument of a wrong type, as the official class raises.
        raise InvalidKind(expected("a file name", value).reason)
    return str.__str__(text)


@attrs.define(kw_only=True, on_setattr=setters.NO_OP)
class Resource(BaseSerializer):
    """One file of one sensor. Unknown keywords are rejected.

    A relative name is resolved from the working directory, now and when the file is uploaded. With
    `file_data` the name is only a name, and the file system is not read.

    Attributes:
        filename: The file, `~` allowed; after construction normalised and, with `file_data`, ending like the
            format of the data.
        resource_id: The platform's key of the file within the scene, made from the name; or, when given,
            where in your own connected storage it is.
        sensor_name: The sensor, as in the calibration.
        file_data: The content, if it is not that of the named file.
        client_filename: `filename` as passed, which is the argument of a callback.

    Raises:
        MissingFileError: The file is missing, empty or a directory.
        ModelValidationError: The file or the data is of the wrong kind.
    """

    _refuses_unknown: ClassVar[bool] = True
    _is_image: ClassVar[bool | None] = None

    filename: str = attrs.field(converter=_path_text)
    resource_id: str | None = None
    sensor_name: str
    file_data: FileData | None = attrs.field(default=None, metadata=never_sent(dumped_when_none=False))
    client_filename: str | None = None

    def __attrs_post_init__(self) -> None:
        name = self.client_filename = self.filename
        if not is_unicode(name):
            raise Invalid(
                f"is {name!r}, which is not UTF-8, so the platform cannot take it; rename the file, or give "
                "its content as FileData under another name",
                "filename",
            )
        if not _is_plain(name):
            name = _normalised(name)
        data = self.file_data
        if data is None:
            self._check_file(name)
        else:
            if not self.client_filename:  # normalised, it is the folder
                raise Invalid("is empty; give the content a name, such as 'front.png'", "filename")
            kind = data.format
            if self._is_image is not None and self._is_image is not kind.is_image:
                raise self._wrong_data(kind)
            suffix = kind.suffix
            # The first test settles nearly all names, the second those that are nothing but a suffix.
            if name[-len(suffix) :].lower() != suffix or _suffix(name).lower() != suffix:
                name += suffix
        self.filename = name
        if self.resource_id is None:
            self.resource_id = _resource_id(name)

    @classmethod
    def _before_validation(cls, value: dict[str, Any]) -> dict[str, Any]:
        """Require the file of a resource without data, as the constructor does."""
        name, client_filename, data = (
            value.get(key, value.get(wire))
            for key, wire in (
                ("filename", "filename"),
                ("client_filename", "clientFilename"),
                ("file_data", "fileData"),
            )
        )
        # Without `client_filename` the constructor runs, and checks by itself.
        if isinstance(name, str) and client_filename is not None and data is None:
            cls._check_file(_normalised(name))
        return value

    @classmethod
    def _from_fields(cls, fields: dict[str, Any]) -> Self:
        """Make a resource of what it became before, if that is all there, else as the constructor does."""
        given, client_filename = fields.get("resource_id"), fields.get("client_filename")
        if given is None or client_filename is None:
            return cls(**fields)
        if fields.get("file_data") is not None:
            cls(**fields)  # Checks the kind of the data.
        made = cls.__new__(cls)
        for attribute in attrs.fields(cls):
            default: Any = attribute.default
            if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
                default = default.factory()
            setattr(made, attribute.name, fields.get(attribute.name, default))
        return made

    @property
    def content_type(self) -> str:
        """The content type of the upload."""
        return content_type_of(self.filename) if self.file_data is None else self.file_data.content_type

    @classmethod
    def _check_file(cls, name: str) -> None:
        try:
            status = os.stat(name)  # noqa: PTH116 - once per file of a scene; a Path costs as much as the call
        except (OSError, ValueError) as exc:
            # A name that no file can have (ValueError) is a missing file like any other.
            raise keep_class(MissingFileError(name), exc if isinstance(exc, OSError) else None) from exc
        if stat.S_ISDIR(status.st_mode):
            folder = IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
            raise keep_class(MissingFileError(name, directory=True), folder)
        if status.st_size == 0:
            raise MissingFileError(name, empty=True)
        suffix = _suffix(name).lower()
        is_image = suffix in _IMAGE_SUFFIXES
        if (is_image or suffix in _CLOUD_SUFFIXES) and cls._is_image not in (None, is_image):
            raise Invalid(f"is {with_article(_KINDS[is_image])} file, {cls._wanted()}: {name}", "filename")

    def _wrong_data(self, kind: FileData.Format) -> Invalid:
        return Invalid(f"is {_KINDS[kind.is_image]} data ({kind.name}), {self._wanted()}", "file_data")

    @classmethod
    def _wanted(cls) -> str:
        suffixes = _IMAGE_SUFFIXES if cls._is_image else _CLOUD_SUFFIXES
        formats = ", ".join(sorted(suffix[1:] for suffix in suffixes))
        return f"but {with_article(cls.__name__)} takes {formats}"


def resource_key(resource: Resource) -> str:
    """Return the key of a file, unique in a scene."""
    return resource.resource_id or resource.filename


def _is_plain(name: str) -> bool:
    """Whether a name needs no normalising, as nearly all do not."""
    if not name or name[0] in "~." or os.sep != "/":
        return False
    return "/" not in name or not (name[-1] in "/." or "//" in name or "/./" in name)


def _normalised(name: str) -> str:
    """`~` expanded, `./` and repeated slashes gone; `..` and links are left alone."""
    try:
        return str(Path(name).expanduser())
    except RuntimeError as exc:
        raise Invalid(
            f"is {name!r}, whose home directory is unknown; write the path in full", "filename"
        ) from exc


def _last_component(name: str) -> int:
    """Where the last component of a path starts."""
    start = name.rfind("/")
    return (start if os.sep == "/" else max(start, name.rfind(os.sep))) + 1


def _suffix(name: str) -> str:
    """The suffix as pathlib sees it: neither of `.hidden` nor of `name.`."""
    dot = name.rfind(".")
    if dot < 0:
        return ""
    return name[dot:] if _last_component(name) < dot < len(name) - 1 else ""


def _resource_id(name: str) -> str:
    """The name with every dot of its last component but the last one replaced."""
    if name.count(".") < 2:
        return name
    dot, start = name.rfind("."), _last_component(name)
    return name[:start] + name[start:dot].replace(".", "_") + name[dot:] if start < dot else name
