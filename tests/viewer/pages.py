"""Reads what a page of the viewer holds."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from kognic.viewer.packing import from_planes, unpack

_BLOCK = re.compile(r'<script type="text/plain" id="([\w-]+)">([^<]*)</script>')


@attrs.frozen(eq=False)
class Page:
    """A page.

    Attributes:
        head: What is the same for all frames.
        frames: Their documents.
        blocks: Their blocks.
        text: The whole page.
    """

    head: dict[str, Any]
    frames: list[dict[str, Any]]
    blocks: list[list[bytes]]
    text: str = attrs.field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Page:
        """Unpack a page."""
        text = path.read_text("utf-8")
        packets = {name: base64.b64decode(content) for name, content in _BLOCK.findall(text)}
        head, _ = unpack(packets["scene"])
        unpacked = [unpack(packets[f"frame-{index}"]) for index in range(len(head["frames"]))]
        assert len(packets) == 1 + len(unpacked)
        return cls(head, [document for document, _ in unpacked], [blocks for _, blocks in unpacked], text)

    @property
    def cameras(self) -> list[str]:
        """Names of the cameras."""
        return [camera["name"] for camera in self.head["cameras"]]

    @property
    def classes(self) -> set[str]:
        """Classes of all shapes."""
        return {shape["class_name"] for frame in self.frames for shape in frame["shapes"]}

    @property
    def point_counts(self) -> list[int]:
        """Points of each frame."""
        return [sum(cloud["count"] for cloud in frame["clouds"]) for frame in self.frames]

    def points(self, frame: int, cloud: int = 0) -> np.ndarray[Any, Any]:
        """Points of a cloud, metres, shape (N, 3)."""
        block = self.blocks[frame][self.frames[frame]["clouds"][cloud]["positions"]]
        return from_planes(block, np.int32).reshape(3, -1).T / 1000

    def baked(self, frame: int, picture: int = 0) -> np.ndarray[Any, Any]:
        """Pixels that came with a picture, shape (N, 2)."""
        block = self.blocks[frame][self.frames[frame]["pictures"][picture]["baked"]]
        return from_planes(block, np.int32).reshape(2, -1).T / 8
