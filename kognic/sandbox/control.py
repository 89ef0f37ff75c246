"""The typed handle on a sandbox: seed it, watch it, tune it.

The same handle works on a sandbox in this process (`Sandbox.control`) and, over its control API, on one that
runs elsewhere (`Control.connect`).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from kognic.auth.errors import KognicError
from kognic.sandbox.platform.recorder import RecordedCall

Perform = Callable[[str, Mapping[str, Any]], Any]
DEFAULT_PHASES = ("annotate", "integration-review", "delivery")


class SandboxError(KognicError):
    """The sandbox cannot do what its control handle was asked for; the message names the thing."""


class Control:
    """What can be done to a sandbox beside its public API.

    Every method may raise `SandboxError`, naming what does not exist or which rule was broken.
    """

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def _do(self, action: str, /, **arguments: Any) -> Any:
        return self._perform(action, arguments)

    def reset(self) -> None:
        """Make it a new sandbox again; credentials and tokens stay valid."""
        self._do("reset")

    def create_workspace(
        self, external_id: str, *, name: str | None = None, roles: Sequence[str] = ("developer",)
    ) -> str:
        """Create a workspace in which the sandbox's user has some roles; returns its UUID."""
        return str(self._do("create_workspace", external_id=external_id, name=name, roles=tuple(roles)))

    def create_project(
        self,
        external_id: str,
        *,
        title: str | None = None,
        description: str = "",
        annotation_types: Sequence[str] = ("signs", "objects"),
    ) -> str:
        """Create a project without batches; returns its UUID."""
        return str(
            self._do(
                "create_project",
                external_id=external_id,
                title=title,
                description=description,
                annotation_types=tuple(annotation_types),
            )
        )

    def create_batch(
        self,
        project: str,
        batch: str,
        *,
        title: str | None = None,
        is_multi_sensor: bool = False,
        annotation_types: Sequence[str] | None = None,
        status: str = "open",
    ) -> str:
        """Create a batch without requests; returns its external id.

        Args:
            project: External id of the project.
            batch: External id of the new batch.
            title: Text for people; the external id when None.
            is_multi_sensor: Scenes need IMU data, ego poses and shutter times.
            annotation_types: Those of the latest batch, or of the project, when None.
            status: `pending`, `open`, `ready`, `in-progress` or `completed`.
        """
        types = None if annotation_types is None else tuple(annotation_types)
        return str(
            self._do(
                "create_batch",
                project=project,
                batch=batch,
                title=title,
                is_multi_sensor=is_multi_sensor,
                annotation_types=types,
                status=status,
            )
        )

    def create_request(
        self,
        project: str,
        batch: str,
        *,
        external_id: str | None = None,
        title: str | None = None,
        annotation_types: Sequence[str] | None = None,
        phases: Sequence[str] | None = DEFAULT_PHASES,
        input_type: str | None = None,
        world_interpolation: bool = False,
        member_ids: Sequence[int] = (1,),
    ) -> str:
        """Create a request in a batch; returns its UUID.

        Args:
            project: External id of the project.
            batch: External id of the batch.
            external_id: `request-<n>` when None.
            title: Text for people.
            annotation_types: Those of the batch when None.
            phases: Kinds of its phases in order: `annotate`, `review`, `integration-review`, and `delivery` as
                the last one; None for a request without flexible workflow.
            input_type: The one scene type it takes, for example `cameras_sequence`; None takes all.
            world_interpolation: Sparse 3D geometry is interpolated in world coordinates (needs ego poses).
            member_ids: Users who may get its tasks.
        """
        return str(
            self._do(
                "create_request",
                project=project,
                batch=batch,
                external_id=external_id,
                title=title,
                annotation_types=None if annotation_types is None else tuple(annotation_types),
                phases=None if phases is None else tuple(phases),
                input_type=input_type,
                world_interpolation=world_interpolation,
                member_ids=tuple(member_ids),
            )
        )

    def set_batch_status(self, project: str, batch: str, status: str) -> None:
        """Put a batch into a status, whatever it was before."""
        self._do("set_batch_status", project=project, batch=batch, status=status)

    def fail_scene(self, scene_uuid: str, message: str) -> None:
        """Let a scene fail with this message when it is processed."""
        self._do("fail_scene", scene_uuid=scene_uuid, message=message)

    def stored_files(self, scene_uuid: str) -> dict[str, dict[str, Any]]:
        """Size in bytes (`size`) and `sha256` of every stored file of a scene, by resource id."""
        return dict(self._do("stored_files", scene_uuid=scene_uuid))

    def stored_bytes(self, scene_uuid: str, resource_id: str) -> bytes:
        """The content of one stored file of a scene.

        For scenes from a scene request the resource id is the local file name.
        """
        return base64.b64decode(self._do("stored_bytes", scene_uuid=scene_uuid, resource_id=resource_id))

    def calls(self) -> list[RecordedCall]:
        """The calls that have arrived since the start or the last `clear_calls`, oldest first.

        Calls of this handle are not among them.
        """
        return [RecordedCall(**call) for call in self._do("calls")]

    def clear_calls(self) -> None:
        """Forget the calls recorded so far."""
        self._do("clear_calls")

    def tune(self, **seconds: float) -> dict[str, float]:
        """Change times while the sandbox runs; returns all of them.

        Args:
            seconds: Any of `token_lifetime`, `refresh_token_lifetime`, `url_lifetime`, `processing_delay`
                and `propagation_delay`.
        """
        return dict(self._do("tune", **seconds))

    def revoke_tokens(self) -> int:
        """Revoke every access token in use; returns how many there were."""
        return int(self._do("revoke_tokens"))

    def wait_until_idle(self, timeout: float = 30) -> bool:
        """Wait, at most `timeout` seconds, until the platform has nothing left to do; whether it came to that."""
        return bool(self._do("wait_until_idle", timeout=timeout))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the platform do nothing by itself meanwhile: scenes stay `processing`, and so on."""
        self._do("hold", held=True)
        try:
            yield
        finally:
            self._do("hold", held=False)
