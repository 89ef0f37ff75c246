"""The base of every request shape."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

FlatValue = str | bool | int | float
Text = Annotated[str, Field(min_length=1)]


class Wire(BaseModel):
    """camelCase keys, no number JSON cannot express, unknown keys ignored as the platform does."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", allow_inf_nan=False, frozen=True)


class Position(Wire):
    """Metres."""

    x: float
    y: float
    z: float


class Rotation(Wire):
    """Not required to have unit length, but some length."""

    w: float
    x: float
    y: float
    z: float

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if not any((self.w, self.x, self.y, self.z)):
            raise ValueError("a quaternion of length 0 is not a rotation")
        return self


class Pose(Wire):
    """From the vehicle to the world."""

    position: Position
    rotation: Rotation


class SensorSpecification(Wire):
    """Display hints: nothing checks the names."""

    sensor_to_pretty_name: dict[str, str] | None = None
    sensor_order: list[str] | None = None
