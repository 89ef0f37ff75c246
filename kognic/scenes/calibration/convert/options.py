"""What a conversion takes beside its file, and what it reports beside its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from kognic._core.camera_errors import ConversionError
from kognic.scenes.calibration.convert.values import Size, refuse_unknown


@attrs.define(kw_only=True)
class Options:
    """The settings of one conversion.

    Attributes:
        image_size: Width and height in pixels: of every camera, or by camera; None takes the file's.
        names: Name in the file to the sensor name of the scene.
        model: Camera model, for files that do not name one.
        ignored: Keys to skip although their meaning is not known.
        infos: Camera info files, by the frame of their camera; `""` holds those without one.
        reference: Frame that becomes the reference system, for files with a tree of frames.
        notes: What a reader of the result should know: chains of frames, sizes that were replaced.
    """

    image_size: Size | Mapping[str, Size] | None = None
    names: Mapping[str, str] = attrs.field(factory=dict)
    model: str | None = None
    ignored: frozenset[str] = frozenset()
    infos: Mapping[str, tuple[Path, ...]] = attrs.field(factory=dict)
    reference: str | None = None
    notes: list[str] = attrs.field(factory=list)
    _sized: set[str] = attrs.field(factory=set, init=False)

    def note(self, text: str) -> None:
        """Add a note, unless it is there already."""
        if text not in self.notes:
            self.notes.append(text)

    def size(self, name: str, own: Size | None = None, find: Callable[[], Size | None] | None = None) -> Size:
        """Return the image size of a camera: the given one, the file's, or that of the images beside it.

        Args:
            name: Of the camera, in the file.
            own: What the file says.
            find: Looks for images.

        Raises:
            ConversionError: No size is known.
        """
        given = self._given(name)
        if given is not None:
            if own is not None and own != given:
                self.note(
                    f"{name}: the image size is {given[0]}x{given[1]} as given, the file has "
                    f"{own[0]}x{own[1]}; the camera matrix is not scaled"
                )
            return given
        found = own or (find() if find is not None else None)
        if found is None:
            raise ConversionError(
                f"{name}: the file does not hold the size of the images, and no image is beside it; give "
                f"image_size, such as --image-size {name}=1920x1080"
            )
        return found

    def _given(self, name: str) -> Size | None:
        if not isinstance(self.image_size, Mapping):
            return self.image_size
        for key in (name, self.names.get(name)):
            if key is not None and key in self.image_size:
                self._sized.add(key)
                return self.image_size[key]
        return None

    def check_sizes(self) -> None:
        """Reject sizes of cameras that the file does not have.

        Raises:
            ConversionError: There is one.
        """
        sizes = self.image_size if isinstance(self.image_size, Mapping) else {}
        unused = [key for key in sizes if key not in self._sized]
        if unused:
            raise ConversionError(f"an image size is given for {unused[0]!r}, but there is no such camera")

    def only(self, record: object, used: Iterable[str], skipped: Iterable[str] = ()) -> None:
        """Reject keys of a record that are neither used nor known to be harmless.

        Raises:
            ConversionError: There is one.
        """
        refuse_unknown(record, (*used, *skipped, *self.ignored))

    def renaming(self, aliases: Mapping[str, Any]) -> dict[str, str]:
        """Return the names with every alias of a sensor (its frame) replaced by the sensor's own name."""
        return {str(aliases.get(key, key)): value for key, value in self.names.items()}
