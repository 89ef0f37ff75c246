"""`KognicIOClient`: connects the resources to the services of the platform.

Importing and constructing it is cheap and does no network I/O: a resource imports its module when it is
first used.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from kognic._core.version import __version__
from kognic.auth import DEFAULT_HOST
from kognic.base_clients.http.hosts import (
    DEFAULT_ANNOTATION_INTEGRATION_API_HOST,
    DEFAULT_DATASET_API_HOST,
    DEFAULT_INPUT_API_HOST,
    DEFAULT_ORDER_EXECUTION_API_HOST,
    DEFAULT_PROJECT_MANAGEMENT_API_HOST,
    DEFAULT_WORKSPACE_API_HOST,
    find_environment,
    resolve_hosts,
)
from kognic.io.scene_creators import SceneCreators

if TYPE_CHECKING:
    from typing import Self

    from kognic.auth.credentials import AnyAuth, ApiCredentials
    from kognic.auth.env_config import Environment
    from kognic.auth.requests.auth_session import RequestsAuthSession
    from kognic.base_clients.cloud_storage import FileResourceClient, Progress
    from kognic.base_clients.http.breaker import Breaker
    from kognic.base_clients.http.client import HttpClient, Session
    from kognic.base_clients.http.limits import SharedLimits
    from kognic.base_clients.http.retry import RetryPolicy
    from kognic.io.resources.annotation.annotation import AnnotationResource
    from kognic.io.resources.calibration import CalibrationResource
    from kognic.io.resources.dataset import DatasetResource
    from kognic.io.resources.input.input import InputResource
    from kognic.io.resources.pre_annotation.pre_annotation import PreAnnotationResource
    from kognic.io.resources.project import ProjectResource
    from kognic.io.resources.request import RequestResource
    from kognic.io.resources.review import ReviewResource
    from kognic.io.resources.scene.creation import SceneCreation
    from kognic.io.resources.scene.scene import SceneResource
    from kognic.io.resources.task import TaskResource
    from kognic.io.resources.workspace import WorkspaceResource

logger = logging.getLogger(__name__)

CreatorT = TypeVar("CreatorT")
# As many threads as a program commonly has (`ThreadPoolExecutor` takes at most 32 by default): each finds an
# open connection.
POOL_SIZE = 32

DEFAULT_HOSTS = {
    "input": DEFAULT_INPUT_API_HOST,
    "order-execution": DEFAULT_ORDER_EXECUTION_API_HOST,
    "annotation-integration": DEFAULT_ANNOTATION_INTEGRATION_API_HOST,
    "workspace": DEFAULT_WORKSPACE_API_HOST,
    "project-management": DEFAULT_PROJECT_MANAGEMENT_API_HOST,
    "dataset": DEFAULT_DATASET_API_HOST,
    "auth": DEFAULT_HOST,
}
HOST_ARGUMENTS = {
    "input": "host",
    "order-execution": "order_execution_api_host",
    "annotation-integration": "annotation_integration_api_host",
    "workspace": "workspace_api_host",
    "project-management": "project_management_api_host",
    "dataset": "dataset_api_host",
    "auth": "auth_host",
}

if TYPE_CHECKING:
    once = cached_property
else:

    class once(cached_property):  # noqa: N801
        """A cached property that is computed once, even with threads; the one of functools has no lock."""

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            with instance._lock:
                return super().__get__(instance, owner)


class KognicIOClient(SceneCreators):
    """Client of the Kognic platform.

    Constructing it does no network I/O: the token is fetched with the first request. A client can be shared
    by any number of threads. It can be pickled into another process, which opens its own connections; the
    pickle contains the client secret. As a context manager it closes its connections.

    **Retries.** Requests that can be repeated safely (reads, queries, uploads, scenes by type, commit,
    delete, publish) are retried after every transient failure: a lost connection, a timeout, the statuses
    408, 429, 500, 502, 503, 504 and 507. Other creations (calibrations, pre-annotations, inputs, batches) are
    retried at once only if the failure proves that nothing was created. After any other failure the client
    queries the object first, and returns it if it exists. Where that is impossible, as for reviews, it raises
    `AmbiguousWriteError`: nothing is created twice, nothing is lost silently. Waits grow up to 30 seconds
    with jitter and honour `Retry-After`. A request gives up after 11 attempts or 5 minutes, an upload after
    `max_retry_attempts`. `retry` changes this; `RetryPolicy.official()` behaves like the official client.

    Args:
        auth: Credentials: path of a credentials file, `(client_id, client_secret)`, `ApiCredentials`, the
            content of a credentials file, or `keyring://profile`. None uses KOGNIC_CREDENTIALS, else
            KOGNIC_CLIENT_ID and KOGNIC_CLIENT_SECRET, else the system keyring.
        host: Base URL of the input service.
        order_execution_api_host: Base URL of the order-execution service.
        annotation_integration_api_host: Base URL of the annotation-integration service.
        workspace_api_host: Base URL of the workspace service.
        project_management_api_host: Base URL of the project-management service.
        auth_host: Base URL of the service that issues tokens.
        client_organization_id: Act for this organization; only honoured for Kognic staff.
        max_retry_attempts: Retries of a file transfer.
        max_retry_wait_time: Longest wait before a file transfer is retried, seconds.
        timeout: Time limit to connect, and between two pieces of a response, seconds.
        max_connections: Concurrent file transfers.
        write_workspace_id: UUID of the workspace to create scenes and calibrations in. None uses the only
            workspace in which you may upload; it is queried by the first request that needs it.
        environment: An environment, or the name of one in environments.json. None uses KOGNIC_ENVIRONMENT if
            it is set. The environment provides the hosts of all services except those given above, the
            credentials and the scopes.
        dataset_api_host: Base URL of the dataset service.
        proxies: Proxies as in requests, instead of those of the environment variables.
        verify: Path of a CA bundle as in requests, instead of that of the environment variables.
        progress: True shows a progress bar on stderr during file transfers if that is a terminal; or your own
            `Progress`.
        retry: Policy for retries, instead of the one described above.
        session: Your own authenticated session: anything with `request(method, url, **kwargs)` like that of
            requests. `auth` and `auth_host` are ignored. `close` does not close it.

    Raises:
        CredentialsError: The credentials are missing, malformed, expired or unreadable.
        ValueError: The environment is unknown, a host is not a URL, a number is out of range, or both `auth`
            and `session` are given.
    """

    def __init__(
        self,
        *,
        auth: str | os.PathLike[str] | tuple[str, str] | ApiCredentials | Mapping[str, Any] | None = None,
        host: str = DEFAULT_INPUT_API_HOST,
        order_execution_api_host: str = DEFAULT_ORDER_EXECUTION_API_HOST,
        annotation_integration_api_host: str = DEFAULT_ANNOTATION_INTEGRATION_API_HOST,
        workspace_api_host: str = DEFAULT_WORKSPACE_API_HOST,
        project_management_api_host: str = DEFAULT_PROJECT_MANAGEMENT_API_HOST,
        auth_host: str = DEFAULT_HOST,
        client_organization_id: int | None = None,
        max_retry_attempts: int = 23,  # as the official client
        max_retry_wait_time: int = 60,
        timeout: int = 60,
        max_connections: int = 10,
        write_workspace_id: str | None = None,
        environment: str | Environment | None = None,
        dataset_api_host: str = DEFAULT_DATASET_API_HOST,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        progress: Progress | bool | None = None,
        retry: RetryPolicy | None = None,
        session: Session | None = None,
    ) -> None:
        # Not at the top: they import the errors and with them requests, which would slow down the import.
        from kognic._core.redaction import without_passwords
        from kognic._core.urls import checked_base_url

        try:
            if session is not None and auth is not None:
                raise ValueError("both auth and session are given: pass either auth or session, not both")
            _check_numbers(
                timeout=timeout,
                max_connections=max_connections,
                max_retry_attempts=max_retry_attempts,
                max_retry_wait_time=max_retry_wait_time,
            )
            self._environment = find_environment(environment)
            given = {
                "input": host,
                "order-execution": order_execution_api_host,
                "annotation-integration": annotation_integration_api_host,
                "workspace": workspace_api_host,
                "project-management": project_management_api_host,
                "dataset": dataset_api_host,
                "auth": auth_host,
            }
            for service, url in given.items():
                checked_base_url(url, HOST_ARGUMENTS[service])
            self._hosts = resolve_hosts(given, DEFAULT_HOSTS, self._environment)
            self._session = session
            self._organization_id = client_organization_id
            self._workspace_id = write_workspace_id
            self._max_retry_attempts = max_retry_attempts
            self._max_retry_wait_time = max_retry_wait_time
            self._timeout = timeout
            self._max_connections = max_connections
            self._proxies = without_passwords(proxies) or None
            self._verify = verify
            self._progress = progress
            self._retry = retry
            self._own_session = None if session is not None else self._make_session(auth)
        finally:
            # A traceback that shows local variables must not show credentials.
            del auth, proxies
        self._connect()
        self._log_choices()

    def _connect(self) -> None:
        """Create the objects that belong to one process; nothing is sent."""
        from kognic.base_clients.http.limits import SharedLimits
        from kognic.base_clients.http.retry import RetryPolicy

        self._lock = threading.RLock()
        self._http_clients: dict[str, HttpClient] = {}
        self._limits = SharedLimits((self._retry or RetryPolicy()).budget)

    def _make_session(self, auth: AnyAuth) -> RequestsAuthSession:
        from kognic.auth.requests.auth_session import RequestsAuthSession

        environment = self._environment
        try:
            if auth is None and environment is not None:
                auth = environment.credentials
            return RequestsAuthSession(
                auth=auth,
                host=self._hosts["auth"],
                scopes=(environment.scopes or None) if environment is not None else None,
                proxies=self._proxies,
                verify=self._verify,
                timeout=self._timeout,
                # A pool smaller than the number of threads would open connections again and again.
                pool_size=max(POOL_SIZE, self._max_connections),
                # Clients are created in tests and docs without credentials; the first request needs them.
                defer=True,
            )
        finally:
            del auth

    def _log_choices(self) -> None:
        if self._organization_id is not None:
            logger.warning("Acting for organization %s in every call", self._organization_id)
            if self._workspace_id is not None:
                logger.warning("Writing to workspace %s whatever organization owns it", self._workspace_id)

    @property
    def workspace_id(self) -> str:
        """UUID of the workspace that scenes and calibrations are created in.

        If it was not passed to the constructor, it is requested once, at first use.

        Raises:
            WorkspaceUnknownError: The user can write to no workspace, or to more than one; a `ValueError`.
        """
        if self._workspace_id is None:
            with self._lock:
                if self._workspace_id is None:
                    self._workspace_id = self._infer_workspace()
        return self._workspace_id

    def _infer_workspace(self) -> str:
        from kognic.io.resources.errors import WorkspaceUnknownError, listing

        organizations = None if self._organization_id is None else [self._organization_id]
        workspaces = self.workspace.get_workspaces(organization_ids=organizations)
        if len(workspaces) == 1:
            return workspaces[0].id
        found = listing([f"{each.name} ({each.id})" for each in workspaces]) or "none"
        raise WorkspaceUnknownError(
            "Could not infer a workspace where you are developer, please provide a workspace ID: "
            f"write_workspace_id=... names the one to write to. Found {found}",
            workspaces=workspaces,
        )

    @once
    def workspace(self) -> WorkspaceResource:
        """Workspaces that the user has a role in."""
        from kognic.io.resources.workspace import WorkspaceResource

        return WorkspaceResource(self._http("workspace"))

    @once
    def project(self) -> ProjectResource:
        """Projects and their batches."""
        from kognic.io.resources.project import ProjectResource

        return ProjectResource(self._http("input"))

    @once
    def request(self) -> RequestResource:
        """Requests of a project."""
        from kognic.io.resources.request import RequestResource

        return RequestResource(self._http("project-management"))

    @once
    def calibration(self) -> CalibrationResource:
        """Calibrations of sensors."""
        from kognic.io.resources.calibration import CalibrationResource

        return CalibrationResource(self._http("input"), lambda: self.workspace_id)

    @once
    def scene(self) -> SceneResource:
        """Scenes of any type, and scenes from a scene request."""
        from kognic.io.resources.scene.scene import SceneResource

        return SceneResource(self._http("input"), self._files)

    @once
    def input(self) -> InputResource:
        """Inputs: scenes placed in a request."""
        from kognic.io.resources.input.input import InputResource

        return InputResource(self._http("input"), self._http("order-execution"))

    @once
    def annotation(self) -> AnnotationResource:
        """Delivered annotations."""
        from kognic.io.resources.annotation.annotation import AnnotationResource

        return AnnotationResource(
            self._http("input"),
            self._files,
            annotation_integration_client=self._http("annotation-integration"),
        )

    @once
    def pre_annotation(self) -> PreAnnotationResource:
        """Pre-annotations of scenes."""
        from kognic.io.resources.pre_annotation.pre_annotation import PreAnnotationResource

        return PreAnnotationResource(self._http("input"))

    @once
    def review(self) -> ReviewResource:
        """Reviews of annotations."""
        from kognic.io.resources.review import ReviewResource

        return ReviewResource(self._http("annotation-integration"))

    @once
    def task(self) -> TaskResource:
        """Tasks of inputs."""
        from kognic.io.resources.task import TaskResource

        return TaskResource(self._http("order-execution"))

    @once
    def dataset(self) -> DatasetResource:
        """Datasets, their annotations and predictions."""
        from kognic.io.resources.dataset import DatasetResource

        return DatasetResource(self._http("dataset"))

    @once
    def scene_creation(self) -> SceneCreation:
        """Return the steps of creating a scene by type, one at a time."""
        from kognic.io.resources.scene.creation import SceneCreation

        return SceneCreation(self._http("input"), self._files, lambda: self.workspace_id)

    # Names that customers use although they are private in the official client, too.

    @property
    def _project_management_client(self) -> HttpClient:
        return self._http("project-management")

    @property
    def _order_execution_client(self) -> HttpClient:
        return self._http("order-execution")

    @property
    def _auth_session(self) -> Session | RequestsAuthSession:
        session = self._own_session if self._session is None else self._session
        assert session is not None
        return session

    def _creator(
        self, creator: Callable[[HttpClient, FileResourceClient, Callable[[], str], HttpClient], CreatorT]
    ) -> CreatorT:
        return creator(
            self._http("input"), self._files, lambda: self.workspace_id, self._http("order-execution")
        )

    def _http(self, service: str) -> HttpClient:
        with self._lock:
            if service not in self._http_clients:
                self._http_clients[service] = self._new_http(service, self._retry, self._limits)
            return self._http_clients[service]

    def _new_http(self, service: str, retry: RetryPolicy | None, limits: SharedLimits) -> HttpClient:
        from kognic.base_clients.http.client import HttpClient

        return HttpClient(
            self._hosts[service],
            client_organization_id=self._organization_id,
            timeout=self._timeout,
            session=self._auth_session,
            retry=retry,
            client_name=f"kognic-io/{__version__}",
            limits=limits,
        )

    @property
    def breaker(self) -> Breaker:
        """The circuit breaker, fed by all requests and transfers of this client."""
        return self._limits.breaker

    def probe(self) -> None:
        """Send one request, without retries, to find out whether the platform responds.

        Returns normally after any response that does not indicate an outage, including error responses.

        Raises:
            ServerError: The platform, or a gateway in front of it, failed.
            ConnectionFailedError: No response.
            RequestTimeoutError: No response in time.
        """
        from kognic.base_clients.errors import NotFoundError
        from kognic.base_clients.http.attempts import PROBE_DEADLINE
        from kognic.base_clients.http.retry import RetryPolicy
        from kognic.io.resources.scene.scene import SceneResource

        with suppress(NotFoundError):
            # No scene has this UUID, so the answer is small whatever the workspace holds.
            once = RetryPolicy(max_attempts=1, deadline=PROBE_DEADLINE)
            http = self._new_http("input", once, self._limits)
            SceneResource(http, self._files).get_scenes_by_uuids([str(uuid.UUID(int=0))])

    @once
    def _files(self) -> FileResourceClient:
        from kognic.base_clients.cloud_storage import FileResourceClient

        return FileResourceClient(
            max_retry_attempts=self._max_retry_attempts,
            max_retry_wait_time=self._max_retry_wait_time,
            timeout=self._timeout,
            max_connections=self._max_connections,
            proxies=self._proxies,
            verify=self._verify,
            progress=self._progress,
            retry=self._retry,
            limits=self._limits,
        )

    def close(self) -> None:
        """Close all connections; later calls raise `ClientClosedError`. Closing twice does nothing."""
        with self._lock:
            self._limits.is_closed = True
            if self._own_session is not None:
                self._own_session.close()
            if "_files" in vars(self):
                self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        from kognic._core.redaction import redact_url

        # Attributes may be missing: tracebacks show objects whose construction failed.
        known = vars(self)
        host = redact_url(known.get("_hosts", {}).get("input", ""))
        return f"KognicIOClient(host={host!r}, workspace={known.get('_workspace_id') or 'not known yet'})"

    def __getstate__(self) -> dict[str, Any]:
        if self._session is not None:
            raise TypeError(
                "a KognicIOClient with a session of the caller's cannot be pickled, as it does not know how "
                "to make another one: construct the client in the process that uses it"
            )
        return {
            name: value for name, value in vars(self).items() if name.startswith("_") and name not in _MADE
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._connect()


# Another process creates these again, and the cached resources (names without underscore) as well.
_MADE = {"_files", "_http_clients", "_limits", "_lock"}


def _check_numbers(**values: float) -> None:
    for name, value in values.items():
        least = 0 if name.startswith("max_retry") else 1 if name == "max_connections" else None
        if least is not None and value < least:
            raise ValueError(f"{name} is {value}, must be at least {least}")
        if least is None and not value > 0:
            raise ValueError(f"{name} is {value}, must be above 0 seconds")
