"""Calibration files as plain values: YAML as OpenCV, ROS and Kalibr write it, JSON, and OpenCV's XML.

Sources: OpenCV's `cv::FileStorage` ("XML/YAML/JSON file storages"); `yaml.org` 1.2 for plain scalars.
"""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET  # nosec B405 -- DTDs are rejected before it reads anything
from pathlib import Path
from typing import Any

import yaml

from kognic._core.camera_errors import ConversionError
from kognic._core.documents import Loader, parse_json, parse_yaml, read_text
from kognic._core.scene_errors import DocumentError

# A calibration is kilobytes; with tables of a lens some megabytes.
MAX_BYTES = 2**26
_STORAGE = "opencv_storage"
# What `ros2 topic echo` prints between messages that it could not keep up with, and before the first.
_ECHO_NOTICES = re.compile(
    r"^(A message was lost!!!\n\ttotal count change: *\d+\n\ttotal count: *\d+(---)?"
    r"|WARNING: topic \[.*\] does not appear to be published yet)[ \t]*$",
    re.MULTILINE,
)


def read_parameters(path: Path) -> dict[str, Any]:
    """Read one record of parameters.

    Of more than one YAML document the first is taken if they are equal but for the header: what ROS prints
    ends in `---`, and repeats.

    Raises:
        DocumentError: The file cannot be read.
        ConversionError: It holds no record, or records that differ.
    """
    contents = read_all(path)
    if len(contents) > 1 and any(_without_header(c) != _without_header(contents[0]) for c in contents):
        raise ConversionError(f"holds {len(contents)} messages that differ; keep the one that is right")
    content = contents[0] if contents else None
    if not isinstance(content, dict):
        raise ConversionError("holds no camera")
    # `ros2 topic echo` of a message that contains it, and files by topic, have it one level down.
    (only, *others) = content.values() or [None]
    if not others and isinstance(only, dict) and not {"K", "k", "camera_matrix"}.isdisjoint(only):
        return only
    return content


def read_all(path: Path) -> list[Any]:
    """Read every document of a file; empty ones are none.

    Raises:
        DocumentError: The file cannot be read.
    """
    text = read_text(path, max_bytes=MAX_BYTES)
    start = text.lstrip()[:1]
    if start == "<":
        return [_storage(path, text)]
    if start == "{" and path.suffix.lower() not in (".yaml", ".yml"):
        return [parse_json(path, text)]
    # OpenCV opens its files with `%YAML:1.0`, which is not YAML.
    lines = ["" if line.startswith("%YAML") else line for line in text.splitlines()]
    messages = _ECHO_NOTICES.sub("---", "\n".join(lines))
    documents = [part for part in re.split(r"(?m)^---[ \t]*$", messages) if part.strip()]
    contents = [parse_yaml(path, part, _OpenCVLoader) for part in documents]
    return [content for content in contents if content is not None]


def read_xml(path: Path, text: str | None = None) -> ET.Element:
    """Return the root of an XML file.

    Raises:
        DocumentError: It cannot be read, or has a document type, with which a few lines stand for gigabytes.
    """
    text = read_text(path, max_bytes=MAX_BYTES) if text is None else text
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DocumentError(path, "has a document type definition; remove it")
    try:
        return ET.fromstring(text.lstrip())  # noqa: S314 -- no entities  # nosec B314
    except ET.ParseError as exc:
        raise DocumentError(path, f"is not XML: {exc}") from None
    except (ValueError, LookupError) as exc:  # an encoding that does not exist
        raise DocumentError(path, f"is not XML: {exc}") from None


def _storage(path: Path, text: str) -> Any:
    root = read_xml(path, text)
    if root.tag != _STORAGE:
        raise ConversionError(f"is XML of the kind {root.tag!r}; OpenCV's begins with <{_STORAGE}>")
    try:
        return _node(root)
    except RecursionError:
        raise DocumentError(path, "is nested too deeply") from None


def _node(element: ET.Element) -> Any:
    """A value of OpenCV's XML: a record, a list (children named `_`), or what the text holds."""
    children = list(element)
    if not children:
        return _scalars(element.text or "")
    if all(child.tag == "_" for child in children):
        return [_node(child) for child in children]
    found: dict[str, Any] = {}
    for child in children:
        if child.tag in found:
            raise ConversionError(f"the key {child.tag!r} appears twice")
        found[child.tag] = _node(child)
    if element.get("type_id") == "opencv-matrix" and not isinstance(found.get("data"), list):
        found["data"] = [found.get("data")]
    return found


def _scalars(text: str) -> Any:
    """Words as they are written; more than one is a list. Numbers stay text, which their reader converts."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return words[0] if len(words) == 1 else words or None


def _without_header(message: object) -> object:
    """A message without the time it was sent at."""
    if not isinstance(message, dict):
        return message
    return {key: value for key, value in message.items() if key != "header"}


class _OpenCVLoader(Loader):
    """The safe loader, which also knows OpenCV's matrices, and leaves text as it is written.

    YAML 1.1 reads `0010` as 8, `2026_03_01` as a number and `NO` as false, which OpenCV and ROS do not. A
    camera may be named `1.10` or `true`: numbers become numbers only if they are written as Python writes
    them, and flags stay text. The readers of numbers take text as well.
    """


_OpenCVLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag.rpartition(":")[2] in ("null", "merge", "float")]
    for first, known in Loader.yaml_implicit_resolvers.items()
}
_OpenCVLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z"), list("-+0123456789")
)
_OpenCVLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)


def _as_written(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
    text = str(loader.construct_scalar(node))
    for kind in (int, float):
        try:
            if repr(kind(text)) == text:
                return kind(text)
        except ValueError:
            continue
    return text


for _tag in ("int", "float", "bool"):
    _OpenCVLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _as_written)


def _opencv_matrix(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    return loader.construct_mapping(node, deep=True)


_OpenCVLoader.add_constructor("tag:yaml.org,2002:opencv-matrix", _opencv_matrix)
