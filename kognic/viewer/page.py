"""The HTML around the viewer: one page that holds everything, or one that loads frame after frame.

A page that is mailed may run its own script and nothing else, and may fetch nothing. A page that is served
loads the bundle and the packets from its own host. Strangers' text stands in neither: it is inside the
packets, which are base64, and the title is escaped.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
from collections.abc import Iterable
from html import escape
from importlib import resources
from typing import IO

import attrs

from kognic._core.viewer_errors import ViewerMissingError

# Gmail's and most others' limit of a message; see below.
MAIL_LIMIT = 25_000_000
PAGE_LIMIT = 200_000_000
"""Bytes of a page: above the first most mail servers refuse it, above the second browsers were not tried."""
_MISSING = (
    "this installation was built without the viewer (npm could not be reached); reinstall with a network, "
    "or use -o FOLDER for pictures"
)
# A multiple of 3, so that the base64 of the pieces is that of the whole: padding comes only at the end.
_CHUNK = 3 * 2**18


@attrs.frozen
class Bundle:
    """Script and style of the viewer.

    Attributes:
        digest: Of the sources; changes whenever one of the files does.
    """

    script: str = attrs.field(repr=False)
    style: str = attrs.field(repr=False)
    digest: str


@functools.cache
def bundle() -> Bundle:
    """Return the viewer as it was built.

    Raises:
        ViewerMissingError: It was not.
    """
    folder = resources.files("kognic.viewer").joinpath("static")
    try:
        return Bundle(
            gzip.decompress(folder.joinpath("viewer.js.gz").read_bytes()).decode("utf-8"),
            *(folder.joinpath(name).read_text("utf-8") for name in ("viewer.css", "digest.txt")),
        )
    except OSError as exc:
        raise ViewerMissingError(_MISSING) from exc


class PageWriter:
    """Writes a page that needs no network, frame after frame.

    Args:
        file: Where to.
        title: Of the page.
        scene: As `frames.scene_bytes` packs it.
        still: WebP picture of the first frame, for readers without JavaScript.

    Raises:
        ViewerMissingError: The viewer was not built.
    """

    def __init__(self, file: IO[bytes], *, title: str, scene: bytes, still: bytes = b"") -> None:
        self._file = file
        self._bundle = built = bundle()
        self._frames = 0
        self.size = 0
        policy = (
            f"default-src 'none'; script-src '{_hash(built.script)}'; style-src '{_hash(built.style)}'; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'"
        )
        picture = f'<img alt="" src="data:image/webp;base64,{_base64(still)}">' if still else ""
        self._write(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n{_HEAD}'
            f"<title>{escape(title)}</title>\n<style>{built.style}</style>\n</head>\n<body>\n"
            f'<div id="app"></div>\n<noscript><p>This page needs JavaScript.</p>{picture}</noscript>\n'
        )
        self._write_packet("scene", scene)

    def add(self, frame: bytes) -> None:
        """Write the next frame of the scene, as `frames.frame_bytes` packs it.

        Raises:
            ValueError: The page would have more than 200 MB.
        """
        self._write_packet(f"frame-{self._frames}", frame)
        self._frames += 1
        if self.size > PAGE_LIMIT:
            raise ValueError(
                "the page would have more than 200 MB, which browsers may not open; choose fewer frames or a "
                "smaller width, or use kognic view"
            )

    def finish(self) -> None:
        """Write the script; it stands last, so that it runs when everything before it has been read."""
        self._write(f"<script>{self._bundle.script}</script>\n</body>\n</html>\n")

    def _write(self, text: str) -> None:
        self.size += self._file.write(text.encode())

    def _write_packet(self, name: str, packet: bytes) -> None:
        self._write(f'<script type="text/plain" id="{name}">')
        for start in range(0, len(packet), _CHUNK):
            self.size += self._file.write(base64.b64encode(packet[start : start + _CHUNK]))
        self._write("</script>\n")


def write_page(
    file: IO[bytes], *, title: str, scene: bytes, frames: Iterable[bytes], still: bytes = b""
) -> int:
    """Write a page that needs no network at once, see `PageWriter`.

    Returns:
        Number of bytes written.

    Raises:
        ViewerMissingError: The viewer was not built.
        ValueError: The page would have more than 200 MB.
    """
    page = PageWriter(file, title=title, scene=scene, still=still)
    for frame in frames:
        page.add(frame)
    page.finish()
    return page.size


def served_page(*, title: str, source: str, assets: str, back: str = "") -> str:
    """Return a page that loads the scene and its frames from the host it came from.

    Args:
        title: Of the page.
        source: Address below which `scene` and `frames/0`, `frames/1`, ... answer with packets, with a slash
            at the end. `scene` may also answer 202 with `{"state": "processing", "message": ...}` while there
            is nothing to show yet (the page asks again), or an error status with `{"message": ..., "errors":
            [{"file": ..., "message": ...}]}`.
        assets: Address below which `viewer.js` and `viewer.css` are, with a slash at the end.
        back: Address of the page one comes from, if any.
    """
    values = {"data-source": source, **({"data-back": back} if back else {})}
    attributes = " ".join(f'{name}="{escape(value)}"' for name, value in values.items())
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{_HEAD}'
        f'<title>{escape(title)}</title>\n<link rel="stylesheet" href="{escape(assets)}viewer.css">\n'
        f'</head>\n<body>\n<div id="app" {attributes}></div>\n'
        "<noscript><p>This page needs JavaScript.</p></noscript>\n"
        f'<script src="{escape(assets)}viewer.js"></script>\n</body>\n</html>\n'
    )


SERVED_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer of a server that shows the viewer has to say."""

# Browsers would ask for an icon, which is an error in their console where there is none.
_HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _hash(text: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(text.encode()).digest())}"
