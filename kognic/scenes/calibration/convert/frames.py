"""Trees of coordinate frames: Autoware's calibration files, URDF, and messages of `/tf_static`.

A frame's pose maps it into its parent. Such files say where sensors sit, and `camera_info` files how their
lenses work. Frames of cameras come in pairs: a body (x forward) and an optical frame (z forward); a
calibration is that of the optical one.

Sources: REP 103 (optical frames, fixed-axis roll, pitch, yaw); the URDF specification of `joint`;
`tf2_msgs/TFMessage`; Autoware's sample_sensor_kit_description (`sensors_calibration.yaml`,
`sensor_kit_calibration.yaml`) and its camera_description (`monocular_camera.xacro`: from the camera link to
its optical link by -90, 0, -90 degrees).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from kognic._core.camera_errors import ConversionError
from kognic.io.model.calibration import BaseCalibration
from kognic.scenes.calibration.convert.build import lidar
from kognic.scenes.calibration.convert.documents import read_all, read_parameters, read_xml
from kognic.scenes.calibration.convert.opencv import opencv_camera, own_size, with_size
from kognic.scenes.calibration.convert.options import Options
from kognic.scenes.calibration.convert.sizes import beside
from kognic.scenes.calibration.convert.values import (
    at,
    entry,
    number,
    renamed,
    rigid,
    rotation,
    shown,
)
from kognic.scenes.geometry.poses import FloatArray, Rigid, quaternion_of, rotation_rpy
from kognic.scenes.importers.transforms import TransformTree

AUTOWARE_FILES = ("sensors_calibration.yaml", "sensor_kit_calibration.yaml")
_ANGLES = ("x", "y", "z", "roll", "pitch", "yaw")
_MOST_RADIANS = 2 * math.pi + 0.01  # rounded
_XACRO = re.compile(r"\{[^}]*/xacro[^}]*\}|xacro:")
_OPTICAL_RPY = (-math.pi / 2, 0.0, -math.pi / 2)
_LIDAR = re.compile(
    r"lidar|laser|velodyne|livox|pandar|hesai|robosense|rslidar|ouster|os_sensor|vls|vlp|hdl|luminar|innoviz|seyond"
)
_CAMERA = re.compile(r"cam(era)?|optical|rgb|image")
# Ends of names that say what a frame is, not whose.
_ENDS = (
    "_base_link",
    "/base_link",
    "_optical_frame",
    "_optical_link",
    "/camera_optical_link",
    "/camera_link",
    "_link",
    "_frame",
)
_INFO_NAMES = ("camera_info", "camerainfo", "intrinsic")
_CAMERA_INFO_KEYS = ({"camera_matrix"}, {"K", "D"}, {"k", "d"})


@attrs.define
class Tree:
    """Frames, the ones that a joint moves, and their order in the file."""

    transforms: TransformTree = attrs.field(factory=TransformTree)
    moving: dict[str, str] = attrs.field(factory=dict)
    edges: dict[str, tuple[str, tuple[float, ...]]] = attrs.field(factory=dict)

    def add(self, parent: str, child: str, pose: Rigid, *, moved_by: str | None = None) -> None:
        """Add where a frame sits in its parent.

        Raises:
            ConversionError: The frame sits somewhere else already.
        """
        parent, child = parent.lstrip("/"), child.lstrip("/")
        if not parent or not child or parent == child:
            raise ConversionError(f"the frame {child!r} hangs on {parent!r}")
        values = (*pose.position, *quaternion_of(pose.rotation))
        known = self.edges.get(child)
        if known is not None and (known[0] != parent or not np.allclose(known[1], values, atol=1e-6)):
            raise ConversionError(
                f"the frame {child} is placed twice, in {known[0]} and in {parent}; remove one"
            )
        above = parent
        while above in self.edges:
            above = self.edges[above][0]
            if above == child:
                raise ConversionError(f"the frames {child} and {parent} are each above the other; remove one")
        if known is None:
            self.edges[child] = (parent, values)
            self.transforms.add(parent, child, 0, tuple(map(float, values)), static=True)
        if moved_by is not None:
            self.moving[child] = moved_by

    def chain(self, frame: str, reference: str) -> list[str]:
        """Return the frames from a sensor to the reference system.

        Raises:
            ConversionError: No chain leads there, or a joint on it moves.
        """
        up, down = self.transforms.path(frame), self.transforms.path(reference)
        common = next((name for name in up if name in down), None)
        if common is None:
            raise _no_chain(frame, reference)
        chain = [*up[: up.index(common) + 1], *reversed(down[: down.index(common)])]
        for name in chain:
            if name in self.moving and name != common:
                raise ConversionError(
                    f"the joint {self.moving[name]!r} between {frame} and {reference} is not fixed"
                )
        return chain

    def place(self, frame: str, reference: str) -> FloatArray:
        """Return the pose of a frame in the reference system, shape (4, 4).

        Raises:
            ConversionError: No chain leads there.
        """
        placed = self.transforms.place(frame, reference, rigid=False)
        if placed is None:
            raise _no_chain(frame, reference)
        return placed.matrix


def _no_chain(frame: str, reference: str) -> ConversionError:
    return ConversionError(f"no chain of frames leads from {frame} to {reference}; name --reference")


def autoware_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn Autoware's calibration files into calibrations.

    Args:
        path: The folder of both files, or one of them; `camera0/camera_info.yaml` and so on lie beside.
        options: `infos` names further camera info files.

    Raises:
        ConversionError: Something is missing, unknown or contradictory.
        DocumentError: A file cannot be read.
    """
    folder = path if path.is_dir() else path.parent
    files = [folder / name for name in AUTOWARE_FILES if (folder / name).is_file()]
    if not path.is_dir():
        files = [path, *(file for file in files if file != path)]
    if not files:
        raise ConversionError(f"the folder holds neither {' nor '.join(AUTOWARE_FILES)}")
    tree = Tree()
    for file in files:
        with at(file) if file != path else at(path.name):
            for parent, children in read_parameters(file).items():
                if not isinstance(children, Mapping):
                    raise ConversionError(f"{parent} is {shown(children)}, must be an object of frames")
                for child, pose in children.items():
                    with at(child):
                        options.only(pose, _ANGLES)
                        values = [number(entry(pose, key), key) for key in _ANGLES[:3]]
                        values += [_radians(entry(pose, key), key) for key in _ANGLES[3:]]
                        tree.add(
                            str(parent), str(child), Rigid(rotation_rpy(*values[3:]), np.array(values[:3]))
                        )
    return _sensors(tree, folder, options)


def tf_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn messages of `/tf_static`, as `ros2 topic echo` prints them or as JSON, into calibrations.

    Raises:
        ConversionError: Something is missing, unknown or contradictory.
        DocumentError: A file cannot be read.
    """
    tree = Tree()
    for message in _messages(path):
        options.only(message, ("header", "child_frame_id", "transform"))
        header, transform = entry(message, "header"), entry(message, "transform")
        options.only(header, ("frame_id",), ("stamp", "seq"))
        options.only(transform, ("translation", "rotation"))
        place, turn = entry(transform, "translation"), entry(transform, "rotation")
        options.only(place, tuple("xyz"))
        options.only(turn, tuple("xyzw"))
        child = str(entry(message, "child_frame_id"))
        with at(child):
            matrix = rotation([entry(turn, axis) for axis in "wxyz"])
            position = np.array([number(entry(place, axis), axis) for axis in "xyz"])
            tree.add(str(entry(header, "frame_id")), child, Rigid(matrix, position))
    if not tree.edges:
        raise ConversionError("holds no transforms")
    return _sensors(tree, path.parent, options)


def _messages(path: Path) -> Iterator[Mapping[str, Any]]:
    for content in read_all(path):
        items: Sequence[Any] = content if isinstance(content, list) else [content]
        for item in items:
            if isinstance(item, Mapping) and "transforms" in item:
                listed = item["transforms"]
                if len(item) > 1 or not isinstance(listed, list):
                    raise ConversionError(
                        "is not a TFMessage, which has a list of transforms and nothing else"
                    )
                yield from listed
            else:
                yield item


def urdf_sensors(path: Path, options: Options) -> dict[str, BaseCalibration]:
    """Turn a robot description into calibrations.

    Args:
        path: A URDF; xacro has to be expanded.
        options: `infos` names camera info files, `names` the links that are lidars.

    Raises:
        ConversionError: Something is missing, unknown or contradictory, or a joint on the way moves.
        DocumentError: A file cannot be read.
    """
    root = read_xml(path)
    if root.tag != "robot":
        raise ConversionError(f"is XML of the kind {root.tag!r}; a URDF begins with <robot>")
    macro = next((element.tag for element in root.iter() if _XACRO.match(element.tag)), None)
    if macro is not None:
        raise ConversionError(
            f"holds <xacro:{_XACRO.sub('', macro)}>; expand xacro first (xacro robot.urdf.xacro > robot.urdf)"
        )
    tree = Tree()
    for joint in root.iter("joint"):
        if joint.find("parent") is None and joint.find("child") is None:
            continue  # the joint of a transmission or a controller, which only has a name
        name = joint.get("name", "joint")
        with at(f"joint {name}"):
            parent, child = (_link(joint, key) for key in ("parent", "child"))
            origin = joint.find("origin")
            attributes: Mapping[str, str] = {} if origin is None else origin.attrib
            options.only(attributes, ("xyz", "rpy"))
            xyz, rpy = (_three(attributes.get(key, "0 0 0"), key) for key in ("xyz", "rpy"))
            rpy = [_radians(angle, "rpy") for angle in rpy]
            moved_by = None if joint.get("type") == "fixed" else name
            tree.add(parent, child, Rigid(rotation_rpy(*rpy), np.array(xyz)), moved_by=moved_by)
    if not tree.edges:
        raise ConversionError("holds no joints; expand it first, if it is xacro (xacro robot.urdf.xacro)")
    return _sensors(tree, path.parent, options)


def _radians(value: object, name: str) -> float:
    """An angle, which is more than a whole turn only if it is in degrees."""
    angle = number(value, name)
    if abs(angle) > _MOST_RADIANS:
        raise ConversionError(f"{name} is {angle:g}, must be radians; it looks like degrees")
    return angle


def _link(joint: Any, key: str) -> str:
    found = joint.find(key)
    if found is None or not found.get("link"):
        raise ConversionError(f"has no {key} link")
    return str(found.get("link"))


def _three(text: str, name: str) -> list[float]:
    if "${" in text:
        raise ConversionError(f"{name} is {text!r}; expand xacro first (xacro robot.urdf.xacro > robot.urdf)")
    words = text.split()
    if len(words) != 3:
        raise ConversionError(f"{name} is {text!r}, must be three numbers")
    return [number(word, name) for word in words]


@attrs.frozen
class _Info:
    """A camera info, where it was read, its name, and the frame that was given for it."""

    path: Path
    content: Mapping[str, Any]
    name: str
    frame: str | None


def _sensors(tree: Tree, folder: Path, options: Options) -> dict[str, BaseCalibration]:
    infos = list(_infos(folder, options))
    placed = _named_apart([(info, _frame_of(info, tree)) for info in infos], options)
    camera_frames = {frame for _, frame in placed}
    aliases: dict[str, str] = {frame: info.name for info, frame in placed}
    lidars = _lidar_frames(tree, options, camera_frames, {info.name for info in infos})
    reference = options.reference or tree.transforms.ego_frame([*camera_frames, *lidars] or list(tree.edges))
    if reference not in tree.transforms.frames:
        raise ConversionError(
            f"there is no frame {reference!r}; there are {', '.join(tree.transforms.frames)}"
        )
    found: dict[str, BaseCalibration] = {}
    for info, frame in placed:
        with at(info.name):
            pose = tree.place(frame, reference)
            chain = [*reversed(tree.chain(frame, reference))]
            if not _is_optical(frame, info):
                pose = pose @ rigid(rotation_rpy(*_OPTICAL_RPY), np.zeros(3))
                chain.append(f"{frame} (optical: -90, 0, -90 degrees)")
            options.note(f"{info.name}: {' -> '.join(chain)}")
            found[info.name] = _camera(info, pose, options)
    for frame in lidars:
        name = _stem(frame)
        name = frame if name in found else name
        with at(frame):
            options.note(f"{name}: {' -> '.join(reversed(tree.chain(frame, reference)))}")
            found[name] = lidar(tree.place(frame, reference))
            aliases[frame] = name
            if frame.endswith("base_link"):
                options.note(
                    f"{name}: {frame} is the base of its housing; the points of some lidars start "
                    "centimetres higher (see its URDF)"
                )
    _report_rest(tree, found, aliases, camera_frames, options)
    if not found:
        raise ConversionError(
            "no frame is known to be a lidar, and no camera info is there; name lidars with --name "
            f"FRAME=SENSOR and give --camera-info; the frames are {', '.join(sorted(tree.edges))}"
        )
    return renamed(found, options.renaming(aliases))


def _named_apart(placed: Sequence[tuple[_Info, str]], options: Options) -> list[tuple[_Info, str]]:
    """Cameras that share a name, mostly as a file was copied, are named after their frames.

    Raises:
        ConversionError: Two camera infos are of one frame.
    """
    found: list[tuple[_Info, str]] = []
    frames: dict[str, Path] = {}
    for info, frame in placed:
        if frame in frames:
            raise ConversionError(
                f"{frames[frame]} and {info.path} are both of the frame {frame}; remove one, or tell which "
                "is of which with --camera-info FRAME=FILE"
            )
        frames[frame] = info.path
        if sum(other.name == info.name for other, _ in placed) > 1:
            options.note(
                f"{_stem(frame)}: named after its frame, as several camera infos have the camera_name "
                f"{info.name}"
            )
            info = attrs.evolve(info, name=_stem(frame))
        found.append((info, frame))
    return found


def _report_rest(
    tree: Tree, found: Mapping[str, Any], aliases: Mapping[str, str], used: set[str], options: Options
) -> None:
    """Name the camera frames that nothing is known of the lens of."""
    bodies = {_stem(frame) for frame in used} | set(found)
    for frame in tree.edges:
        if _is_camera(frame) and _stem(frame) not in bodies and frame not in aliases:
            if frame in options.names or _stem(frame) in options.names:
                raise ConversionError(
                    f"{frame}: there is no camera info of it; pass --camera-info {frame}=FILE"
                )
            options.note(f"{frame}: left out, as there is no camera info of it")
            bodies.add(_stem(frame))


def _lidar_frames(tree: Tree, options: Options, cameras: set[str], names: set[str]) -> list[str]:
    """Frames named as sensors, else those with a lidar's name; of a housing and its points, the latter."""
    wanted = {name.lstrip("/") for name in options.names}
    others = [frame for frame in tree.edges if frame not in (cameras | names) and not _is_camera(frame)]
    given = [frame for frame in others if {frame, _stem(frame)} & wanted]
    given = given or [frame for frame in others if _LIDAR.search(frame.lower())]
    inner = {_stem(frame) for frame in given if not frame.endswith("base_link")}
    return [frame for frame in given if frame in wanted or not _is_housing(frame, inner)]


def _is_housing(frame: str, inner: set[str]) -> bool:
    return frame.endswith("base_link") and _stem(frame) in inner


def _is_camera(frame: str) -> bool:
    return _CAMERA.search(frame.lower()) is not None


def _stem(frame: str) -> str:
    """The name of the sensor that a frame belongs to."""
    for end in _ENDS:
        if frame.endswith(end) and len(frame) > len(end):
            return frame[: -len(end)]
    return frame


def _infos(folder: Path, options: Options) -> Iterator[_Info]:
    seen: set[Path] = set()
    for frame, paths in options.infos.items():
        for path in paths:
            seen.add(path.resolve())
            with at(path):
                yield _info(path, read_parameters(path), frame or None)
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml"), *folder.glob("*/*.yml")]):
        if path.resolve() in seen or path.name in AUTOWARE_FILES:
            continue
        if not any(word in path.stem.lower() for word in _INFO_NAMES):
            continue
        with at(path):
            content = read_parameters(path)
            if any(keys <= content.keys() for keys in _CAMERA_INFO_KEYS):
                yield _info(path, content, None)


def _info(path: Path, content: Mapping[str, Any], frame: str | None) -> _Info:
    """A camera info; its name is the file's, unless the file is called after its kind: then the folder's."""
    generic = any(word in path.stem.lower() for word in _INFO_NAMES)
    name = str(content.get("camera_name") or "")
    if frame is not None and not name:
        name = _stem(frame.lstrip("/"))
    return _Info(path, content, name or (path.parent.name if generic else path.stem), frame)


def _frame_of(info: _Info, tree: Tree) -> str:
    """The frame of a camera: the given one, that of its messages, or one called after it."""
    with at(info.path):
        frames = set(tree.transforms.frames)
        if info.frame is not None:
            if info.frame.lstrip("/") not in frames:
                raise ConversionError(
                    f"there is no frame {info.frame!r}; there are {', '.join(sorted(frames))}"
                )
            return _optical(info.frame.lstrip("/"), frames)
        header = info.content.get("header")
        named = str(header.get("frame_id") or "").lstrip("/") if isinstance(header, Mapping) else ""
        if named in frames:
            return named
        for name in (info.name, info.path.parent.name, info.path.stem):
            for form in (
                "{}",
                "{}/camera_link",
                "{}_link",
                "{}_camera_link",
                "{}_frame",
                "{}_optical_frame",
                "{}_optical_link",
            ):
                if form.format(name) in frames:
                    return _optical(form.format(name), frames)
        raise ConversionError(
            f"no frame has the name of the camera {info.name!r}; pass --camera-info FRAME={info.path.name}; "
            f"the frames are {', '.join(sorted(frames))}"
        )


def _optical(frame: str, frames: set[str]) -> str:
    """The optical frame that goes with a camera's body, where the tree has it."""
    if "optical" in frame:
        return frame
    stem = frame.removesuffix("_link").removesuffix("_frame")
    forms = (f"{stem}_optical_link", f"{stem}_optical_frame", f"{frame}_optical", f"{stem}_optical")
    return next((form for form in forms if form in frames), frame)


def _is_optical(frame: str, info: _Info) -> bool:
    """Whether z leads forward: the name says so, or messages of the camera name the frame (REP 104)."""
    header = info.content.get("header")
    named = str(header.get("frame_id") or "").lstrip("/") if isinstance(header, Mapping) else ""
    return "optical" in frame or named == frame


def _camera(info: _Info, pose: FloatArray, options: Options) -> BaseCalibration:
    own = own_size(info.content)
    size = options.size(info.name, own, lambda: beside(info.path, [info.name], alone=True))
    content = with_size(info.content, size)
    with at(info.path):
        return opencv_camera(content, pose=pose, model=options.model, ignore_keys=options.ignored)
