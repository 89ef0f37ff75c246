"""What creating many inputs takes and returns. These models keep their Python names in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import attrs

from kognic.base_clients.serialization import BaseSerializer
from kognic.io.model.scene.abstract import BaseScene

if TYPE_CHECKING:
    from kognic.openlabel.models import OpenLabelAnnotation
else:
    OpenLabelAnnotation = Any  # Its models are imported when pre-annotations are used.

SceneUuid: TypeAlias = str
InputUuid: TypeAlias = str
PreAnnotationUuid: TypeAlias = str


class InputCreationStage(Enum):
    """A step on the way from a scene to an input."""

    SCENE = "scene"
    PRE_ANNOTATION = "pre-annotation"
    INPUT_FROM_SCENE = "input-from-scene"


class InputCreationStatus(Enum):
    """How far it came."""

    CREATED = "created"
    FAILED = "failed"
    PROCESSING = "processing"


@attrs.define(kw_only=True)
class SceneWithPreAnnotation(BaseSerializer):
    """A scene to be annotated, with its options.

    Attributes:
        scene: The scene, of any type.
        pre_annotation: The OpenLABEL document, as a model or as decoded JSON; None for none.
    """

    _wire_is_python: ClassVar[bool] = True

    scene: BaseScene
    pre_annotation: OpenLabelAnnotation | Mapping[str, Any] | None = attrs.field(default=None, repr=False)


@attrs.define(kw_only=True)
class InputCreationError(BaseSerializer):
    """What went wrong, and at which step."""

    _wire_is_python: ClassVar[bool] = True

    stage: InputCreationStage
    message: str


@attrs.define(kw_only=True)
class InputCreationResult(BaseSerializer):
    """What became of one scene.

    Attributes:
        scene_uuid: The platform's name for the scene.
        status: How far it came.
        external_id: Your name for the scene.
        input_uuid: The input; None without any.
        preannotation_uuid: The pre-annotation; None without any.
        error: What went wrong; None when nothing did.
    """

    _wire_is_python: ClassVar[bool] = True

    scene_uuid: SceneUuid
    status: InputCreationStatus
    external_id: str | None = None
    input_uuid: InputUuid | None = None
    preannotation_uuid: PreAnnotationUuid | None = None
    error: InputCreationError | None = None

    def combine(self, other: InputCreationResult) -> InputCreationResult:
        """This result and a later one of the same scene: its status, and what either knows."""
        return InputCreationResult(
            scene_uuid=self.scene_uuid,
            status=other.status,
            external_id=self.external_id or other.external_id,
            input_uuid=self.input_uuid or other.input_uuid,
            preannotation_uuid=self.preannotation_uuid or other.preannotation_uuid,
            error=self.error or other.error,
        )

    def add_external_id(self, external_id: str) -> InputCreationResult:
        """Set your name for the scene; returns this result."""
        self.external_id = external_id
        return self
