"""The control handle of a sandbox: seeding, inspection, settings, faults.

The same handle works for a sandbox in this process (`Sandbox.control`) and, over its control API, for a
sandbox in another process (`Control.running_in`, `Control.connect`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from kognic._core.run_errors import SandboxError
from kognic.sandbox import connection
from kognic.sandbox.platform.config import CONTROL_TOKEN_FILE
from kognic.sandbox.platform.recorder import RecordedCall

Perform = Callable[[str, Mapping[str, Any]], Any]
# Seconds: waiting until the platform is idle takes as long as its processing delay, set by the test.
CONTROL_TIMEOUT = 120
DEFAULT_PHASES = ("annotate", "integration-review", "delivery")


class HttpPerform:
    """Performs actions over the control API."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url.rstrip('/')}/_sandbox/control"
        self._headers = {"X-Sandbox-Control": token}

    def __call__(self, action: str, arguments: Mapping[str, Any]) -> Any:
        try:
            response = requests.post(
                f"{self._base}/{action}", json=dict(arguments), headers=self._headers, timeout=CONTROL_TIMEOUT
            )
            body = response.json()
        except (requests.RequestException, ValueError) as exc:
            raise SandboxError(f"the sandbox at {self._base} does not answer: {exc}") from exc
        if not response.ok:
            raise SandboxError(str(body.get("message", body)))
        return body["data"]


class Control:
    """Controls a sandbox beyond its public API.

    Every method raises `SandboxError` if an object does not exist or the change breaks a rule.
    """

    def __init__(self, perform: Perform) -> None:
        self._perform = perform

    def _do(self, action: str, /, **arguments: Any) -> Any:
        return self._perform(action, arguments)

    def reset(self) -> None:
        """Reset the sandbox to its initial state; credentials and tokens stay valid."""
        self._do("reset")

    def create_organization(self, name: str) -> int:
        """Return the ID of the organization with this name; create it if it does not exist."""
        return int(self._do("create_organization", name=name))

    def create_workspace(
        self,
        external_id: str,
        *,
        name: str | None = None,
        roles: Sequence[str] = ("developer",),
        organization: str | None = None,
    ) -> str:
        """Create a workspace and return its UUID.

        Args:
            external_id: External ID of the workspace.
            name: Display name; defaults to the external ID.
            roles: Roles of the sandbox's user in the workspace.
            organization: Name of its organization, created if missing; None for the sandbox's own.
        """
        return str(
            self._do(
                "create_workspace",
                external_id=external_id,
                name=name,
                roles=tuple(roles),
                organization=organization,
            )
        )

    def set_roles(self, workspace_uuid: str, roles: Sequence[str], *, email: str | None = None) -> None:
        """Replace the roles of a user in a workspace of any organization.

        Args:
            workspace_uuid: UUID of the workspace.
            roles: The new roles; an empty list removes the user from the workspace.
            email: E-mail address of the user; None for the sandbox's own user.
        """
        named = {} if email is None else {"email": email}
        self._do("set_roles", workspace_uuid=workspace_uuid, roles=tuple(roles), **named)

    def create_project(
        self,
        external_id: str,
        *,
        title: str | None = None,
        description: str = "",
        annotation_types: Sequence[str] = ("signs", "objects"),
        organization: str | None = None,
    ) -> str:
        """Create a project without batches and return its UUID.

        Args:
            external_id: External ID of the project.
            title: Display name; defaults to the external ID.
            description: Description.
            annotation_types: Annotation types that its requests can have.
            organization: Name of its organization, created if missing; None for the sandbox's own.
        """
        return str(
            self._do(
                "create_project",
                external_id=external_id,
                title=title,
                description=description,
                annotation_types=tuple(annotation_types),
                organization=organization,
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
        """Create a batch without requests and return its external ID.

        Args:
            project: External ID of the project.
            batch: External ID of the new batch.
            title: Display name; defaults to the external ID.
            is_multi_sensor: Scenes need IMU data, ego poses and shutter times.
            annotation_types: Annotation types; None for those of the latest batch, or of the project.
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
        member_ids: Sequence[int] = (1,),
    ) -> str:
        """Create a request in a batch and return its UUID.

        Args:
            project: External ID of the project.
            batch: External ID of the batch.
            external_id: External ID; defaults to `request-<n>`.
            title: Display name.
            annotation_types: Annotation types; None for those of the batch.
            phases: Kinds of its phases in order: `annotate`, `review`, `integration-review`, and `delivery`
                as the last one; None for a request without flexible workflow.
            input_type: The only scene type it accepts, for example `cameras_sequence`; None accepts all.
            member_ids: Users to whom its tasks can be assigned.
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
                member_ids=tuple(member_ids),
            )
        )

    def set_batch_status(self, project: str, batch: str, status: str) -> None:
        """Set the status of a batch, regardless of its current status."""
        self._do("set_batch_status", project=project, batch=batch, status=status)

    def fail_scene(self, scene_uuid: str, message: str) -> None:
        """Make the processing of a scene fail with this message."""
        self._do("fail_scene", scene_uuid=scene_uuid, message=message)

    def fail_pre_annotation(self, name: str, message: str = "the content is not acceptable") -> None:
        """Make the processing of a pre-annotation fail; inputs that were created with it are removed.

        Args:
            name: UUID or external ID of the pre-annotation, which need not exist yet.
            message: Reason for the log; the platform does not expose it.
        """
        self._do("fail_pre_annotation", name=name, message=message)

    def stored_files(self, scene_uuid: str) -> dict[str, dict[str, Any]]:
        """Return the size in bytes (`size`) and `sha256` of every stored file of a scene, by resource ID."""
        return dict(self._do("stored_files", scene_uuid=scene_uuid))

    def stored_bytes(self, scene_uuid: str, resource_id: str) -> bytes:
        """Return the content of a stored file of a scene.

        For scenes from a scene request, the resource ID is the local file name.
        """
        return base64.b64decode(self._do("stored_bytes", scene_uuid=scene_uuid, resource_id=resource_id))

    def put_cloud_file(self, uri: str, content: bytes) -> None:
        """Define the content of a file in the customer's cloud, for example `s3://bucket/key`.

        Scenes and pre-annotations that refer to it are validated with this content.
        """
        self._do("put_cloud_file", uri=uri, content_base64=base64.b64encode(content).decode())

    def scenes(self, external_id: str | None = None) -> list[dict[str, Any]]:
        """Return the scenes of all workspaces, in the form of the query endpoint, oldest first."""
        return list(self._do("scenes", external_id=external_id))

    def request_inputs(self, scene_uuid: str | None = None) -> list[dict[str, Any]]:
        """Return all inputs, including those that queries do not list.

        Each has `uuid`, `sceneUuid`, `requestUuid`, `project`, `preAnnotationUuid`,
        `lastAnnotationUuid`, `status`,
        `isListed`, `isDeleted`.
        """
        return list(self._do("request_inputs", scene_uuid=scene_uuid))

    def start_task(self, input_uuid: str) -> None:
        """Start the open task of an input."""
        self._do("start_task", input_uuid=input_uuid)

    def complete_task(
        self, input_uuid: str, content: Mapping[str, Any] | None = None, *, accepted: bool = True
    ) -> str:
        """Complete the open task of an input and return the UUID of the preliminary annotation.

        Args:
            input_uuid: UUID of the input.
            content: OpenLABEL document; None keeps the latest annotation, else the pre-annotation, else an
                empty document.
            accepted: Result of the review, if the task is a review.
        """
        return str(
            self._do("complete_task", input_uuid=input_uuid, content=_document(content), accepted=accepted)
        )

    def deliver_annotation(
        self,
        input_uuid: str,
        content: Mapping[str, Any] | None = None,
        *,
        annotation_uuid: str | None = None,
        created: datetime | None = None,
    ) -> str:
        """Deliver an annotation of an input in any phase, and return the annotation's UUID.

        Args:
            input_uuid: UUID of the input.
            content: OpenLABEL document; None delivers the latest annotation, else the pre-annotation, else an
                empty document.
            annotation_uuid: UUID of the annotation; None generates one.
            created: Creation time; None for now.
        """
        return str(
            self._do(
                "deliver_annotation",
                input_uuid=input_uuid,
                content=_document(content),
                annotation_uuid=annotation_uuid,
                created=created.isoformat() if created else None,
            )
        )

    def advance_workflow(self, input_uuid: str) -> str:
        """Skip the current phase of an input, and return the kind of the next phase."""
        return str(self._do("advance_workflow", input_uuid=input_uuid))

    def order_correction(self, input_uuid: str, *, workflow: str = "correct") -> None:
        """Order the correction of an input, for example after a rejected integration review.

        Args:
            input_uuid: UUID of the input.
            workflow: `correct` delivers the corrected result; `correct-review-loop` has it reviewed first.
        """
        self._do("order_correction", input_uuid=input_uuid, workflow_name=workflow)

    def view_path(self, uuid: str | None = None) -> str:
        """Return the signed path of a page, to append to the sandbox's URL; it is valid for `url_lifetime`.

        Args:
            uuid: UUID of an input or scene; None for the overview.
        """
        return str(self._do("view_path", identifier=uuid))

    def show_progress(self, input_uuid: str, shown: bool = True) -> None:
        """Show or hide the current phase of inputs to API callers."""
        self._do("show_progress", input_uuid=input_uuid, shown=shown)

    def create_user(
        self,
        email: str,
        *,
        organization: str | None = None,
        is_staff: bool = False,
        workspaces: Mapping[str, Sequence[str]] | None = None,
        scopes: Sequence[str] = ("api:read", "api:write"),
        expires: datetime | None = None,
    ) -> dict[str, Any]:
        """Create a user with credentials, and return the content of its credentials file.

        Args:
            email: E-mail address of the user.
            organization: Name of its organization, created if missing; None for the sandbox's own.
            is_staff: Whether it can act for other organizations; it then must name one.
            workspaces: Roles by workspace UUID.
            scopes: Scopes of its tokens.
            expires: Expiry date of the credentials.
        """
        roles = {workspace: tuple(names) for workspace, names in (workspaces or {}).items()}
        return dict(
            self._do(
                "create_user",
                email=email,
                organization=organization,
                is_staff=is_staff,
                workspaces=roles,
                scopes=tuple(scopes),
                expires=expires.isoformat() if expires else None,
            )
        )

    def create_dataset(
        self, name: str, *, is_segmentation: bool = False, annotations: Sequence[Mapping[str, Any]] = ()
    ) -> str:
        """Create a dataset with annotations and return its UUID."""
        items = [dict(item) for item in annotations]
        return str(self._do("create_dataset", name=name, is_segmentation=is_segmentation, annotations=items))

    def predictions(self, group_uuid: str) -> list[dict[str, Any]]:
        """Return the predictions uploaded to a group, each with `uuid`, `sceneUuid` and `content`."""
        return list(self._do("predictions", group_uuid=group_uuid))

    def add_query_items(self, kind: str, items: Iterable[Mapping[str, Any]]) -> None:
        """Add items to the query service; `kind` is `judgements` or `kpi`."""
        self._do("add_query_items", kind=kind, items=[dict(item) for item in items])

    def seed(self, content: Mapping[str, Any]) -> None:
        """Fill the sandbox from the content of a seed file."""
        self._do("seed", content=dict(content))

    def calls(self) -> list[RecordedCall]:
        """Return the requests received since the start or the last `clear_calls`, oldest first.

        Requests of this handle are not included.
        """
        return [RecordedCall(**call) for call in self._do("calls")]

    def clear_calls(self) -> None:
        """Delete the recorded calls."""
        self._do("clear_calls")

    def tune(self, **seconds: float) -> dict[str, float]:
        """Change delays and lifetimes of the running sandbox, and return all of them.

        Args:
            seconds: Any of `token_lifetime`, `refresh_token_lifetime`, `url_lifetime`, `processing_delay`,
                `propagation_delay`, `scene_visibility_delay`, `request_delay` and `pre_annotation_delay`.
        """
        return dict(self._do("tune", **seconds))

    def revoke_tokens(self) -> int:
        """Revoke all access tokens, and return their number."""
        return int(self._do("revoke_tokens"))

    def add_fault(
        self,
        kind: str,
        route: str = "*",
        *,
        probability: float = 1.0,
        seed: int = 0,
        times: int | None = None,
        skip: int = 0,
        after: bool = False,
        status: int | None = None,
        retry_after: str | int | None = None,
        seconds: float = 1.0,
        bytes_per_second: int = 1000,
    ) -> int:
        """Add a fault rule, and return its number.

        Args:
            kind: Kind of fault: `status`, `html` (a gateway's page), `latency`, `slow_answer`,
                `slow_read`, `reset`, `truncate`, `wrong_length`, `corrupt`, `expired_token`,
                `revoked_token`, `expired_url` or `short_store` (storage keeps half of the upload).
            route: Pattern for `METHOD /template`, as in `RecordedCall.route`; `*` matches anything.
            probability: Probability that a matching request gets the fault.
            seed: Seed of the random choice; the same seed selects the same requests of a sequence.
            times: Maximum number of requests that get the fault; None for no limit.
            skip: Number of matching requests to skip first.
            after: Process the request and lose the response; otherwise the request is not processed.
            status: Status for `status` (503 when None) and `html` (200 when None).
            retry_after: Value of `Retry-After` for `status`: seconds, or an HTTP date.
            seconds: Delay of `latency`.
            bytes_per_second: Transfer rate of `slow_answer` and `slow_read`.
        """
        rule = {
            "kind": kind,
            "route": route,
            "probability": probability,
            "seed": seed,
            "times": times,
            "skip": skip,
            "after": after,
            "status": (200 if kind == "html" else 503) if status is None else status,
            "retry_after": None if retry_after is None else str(retry_after),
            "seconds": seconds,
            "bytes_per_second": bytes_per_second,
        }
        return int(self._do("add_fault", rule=rule))

    def remove_fault(self, number: int) -> None:
        """Remove a rule; removing it twice is not an error."""
        self._do("remove_fault", number=number)

    def clear_faults(self) -> None:
        """Remove all rules."""
        self._do("clear_faults")

    def faults(self) -> list[dict[str, Any]]:
        """Return the active rules, with the numbers of requests that `matched` and that were hit (`hits`)."""
        return list(self._do("faults"))

    @contextmanager
    def fault(self, kind: str, route: str = "*", **settings: Any) -> Iterator[None]:
        """Add a rule for the duration of a `with` block; arguments as for `add_fault`."""
        number = self.add_fault(kind, route, **settings)
        try:
            yield
        finally:
            self.remove_fault(number)

    # Seconds: a sample scene is processed many times over in half a minute.
    def wait_until_idle(self, timeout: float = 30) -> bool:
        """Wait until all background work is done; return False after `timeout` seconds."""
        return bool(self._do("wait_until_idle", timeout=timeout))

    @classmethod
    def connect(cls, url: str, token: str) -> Control:
        """Create a handle for a sandbox in another process.

        Args:
            url: Base URL of the sandbox.
            token: Its control token, from the file `control-token` in its folder.
        """
        return cls(HttpPerform(url, token))

    @classmethod
    def running_in(cls, folder: str | os.PathLike[str]) -> Control:
        """Create a handle for the sandbox started by `kognic sandbox serve --root FOLDER`.

        Raises:
            SandboxError: No sandbox is running in that folder.
        """
        root = Path(folder).expanduser().absolute()
        url = connection.read_note(root)
        return cls.connect(url, (root / CONTROL_TOKEN_FILE).read_text(encoding="utf-8").strip())

    @contextmanager
    def held(self) -> Iterator[None]:
        """Pause background processing within a `with` block: scenes stay `processing`, and so on."""
        self._do("hold", held=True)
        try:
            yield
        finally:
            self._do("hold", held=False)


def _document(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if content is None else dict(content)
