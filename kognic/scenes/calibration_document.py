"""Calibrations as JSON or YAML has them: an external ID, and the sensors by name.

The models of `kognic.io.model` ignore unknown keys, because the platform may add some to its responses. In a
file that a person or program wrote, an unknown key is a misspelt pose or lens parameter: nothing may be lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, get_args

from kognic._core.scene_errors import DescriptionError, Problem
from kognic.base_clients.errors import ModelValidationError
from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.calibration import SensorCalibration
from kognic.io.model.calibration.common import CALIBRATION_CLASSES
from kognic.scenes.strict import suggestion

# The second spelling is that of the platform's JSON, which also has what `calibration show --json` prints.
_EXTERNAL_ID = ("external_id", "externalId")
_SENSORS = ("sensors", "calibration")
_OF_THE_PLATFORM = ("id", "created", "workspace_id", "workspaceId")
_TAG = ("calibration_type", "calibrationType")
_POSE = ("position", "rotation_quaternion")


def parse_calibration(content: object) -> SensorCalibration:
    """Turn `external_id` and `sensors` (or `calibration`, as the platform calls them) into a calibration.

    Raises:
        ValueError: It is not an object with `external_id` and `sensors`.
        DescriptionError: Keys are unknown or missing, or values of the wrong kind; it lists every sensor's.
    """
    if not isinstance(content, Mapping):
        raise ValueError("is not an object with external_id and sensors")
    external_id = _first(content, _EXTERNAL_ID)
    name = next((name for name in _SENSORS if name in content), _SENSORS[0])
    sensors = content.get(name)
    if not isinstance(external_id, str) or not external_id:
        raise ValueError("'external_id', the text that the calibration is found by, is missing")
    if not isinstance(sensors, Mapping) or not sensors:
        raise ValueError("'sensors', an object of sensor names and their calibrations, is missing")
    known = {*_EXTERNAL_ID, *_SENSORS, *_OF_THE_PLATFORM}
    problems = [_unknown("", key, ("external_id", "sensors")) for key in content if key not in known]
    if all(one in content for one in _SENSORS):
        problems.append(Problem("", "give 'sensors' or 'calibration', not both"))
    for sensor, calibration in sensors.items():
        problems += _sensor_problems(calibration, f"{name}.{sensor}")
    if problems:
        raise DescriptionError(problems)
    return SensorCalibration.from_json({"externalId": external_id, "calibration": sensors})


def resembles_calibration(content: object) -> bool:
    """Whether a document, or its `sensors`, is an object of sensors with a type of calibration."""
    if not isinstance(content, Mapping):
        return False
    sensors = next((content[name] for name in _SENSORS if name in content), content)
    return isinstance(sensors, Mapping) and any(
        isinstance(one, Mapping) and not one.keys().isdisjoint(_TAG) for one in sensors.values()
    )


def _first(content: Mapping[Any, Any], names: tuple[str, ...]) -> Any:
    return next((content[name] for name in names if name in content), None)


def _unknown(place: str, key: object, known: tuple[str, ...]) -> Problem:
    return Problem(place, f"unknown key '{key}', {suggestion(str(key), known)}")


def _sensor_problems(value: Any, place: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield Problem(place, f"is not an object with {', '.join(('calibration_type', *_POSE))}")
        return
    tag = _first(value, _TAG)
    tag = getattr(tag, "value", tag)
    target = CALIBRATION_CLASSES.get(tag) if isinstance(tag, str) else None
    if tag is None:
        yield Problem(place, f"'calibration_type' is missing: one of {', '.join(CALIBRATION_CLASSES)}")
    elif target is None:
        hint = suggestion(str(tag), CALIBRATION_CLASSES)
        yield Problem(f"{place}.calibration_type", f"{tag!r} is unknown, {hint}")
    if target is None:
        return
    yield from _object_problems(value, getattr(import_module(target[0]), target[1]), place)


def _object_problems(value: Mapping[Any, Any], model: type[BaseSerializer], place: str) -> list[Problem]:
    """Problems of the keys of an object and of the objects in it; without any, that of its values."""
    fields = model.model_fields
    known = {*fields, *(field.alias for field in fields.values())}
    problems = [_unknown(place, key, tuple(fields)) for key in value if key not in known]
    for name, field in fields.items():
        part = _first(value, (name, field.alias))
        if part is None and field.is_required():
            problems.append(Problem(place, f"'{name}' is missing"))
        problems += _part_problems(part, field.annotation, f"{place}.{name}")
    return problems or list(_value_problems(value, model, place))


def _value_problems(value: Mapping[Any, Any], model: type[BaseSerializer], place: str) -> Iterator[Problem]:
    """The first value that the model does not take."""
    try:
        model.from_json(value)
    except ModelValidationError as exc:
        reason = str(exc).removeprefix(model.__name__).lstrip(".").removeprefix(exc.path).strip()
        inner = exc.path if exc.path.startswith("[") or not exc.path else f".{exc.path}"
        yield Problem(f"{place}{inner}", reason)


def _part_problems(part: Any, annotation: Any, place: str) -> Iterator[Problem]:
    """Problems of an object in an object, or of the objects of a list."""
    model = next((kind for kind in (annotation, *get_args(annotation)) if _is_model(kind)), None)
    if model is None:
        return
    if isinstance(part, Mapping):
        yield from _object_problems(part, model, place)
    elif isinstance(part, list):
        for index, item in enumerate(part):
            yield from _part_problems(item, model, f"{place}[{index}]")


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseSerializer)
