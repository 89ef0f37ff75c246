"""`Sandbox`: starts and stops a local platform, and creates clients for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from kognic._core.run_errors import SandboxError
from kognic.io.client import KognicIOClient
from kognic.sandbox import connection
from kognic.sandbox.control import Control
from kognic.sandbox.custom_cameras import bake
from kognic.sandbox.platform.config import CREDENTIALS_FILE, Settings
from kognic.sandbox.platform.control.actions import perform
from kognic.sandbox.platform.control.seeding import WORKSPACE_ID
from kognic.sandbox.platform.errors import PlatformError
from kognic.sandbox.platform.lifecycle import open_platform
from kognic.sandbox.server import PlatformServer


class Sandbox:
    """A local Kognic platform. It serves from its construction until `close` or the end of the `with` block.

    Args:
        root: Folder for its state; None for a temporary folder, which is deleted with the sandbox.
        host: Address to listen on; the default is reachable only from this machine.
        port: Port to listen on; 0 for a free port.
        settings: Any of `kognic.sandbox.platform.config.Settings`, for example `token_lifetime=5`.

    Raises:
        OSError: The port is taken, or the folder cannot be written.
        TypeError: A setting is unknown.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        **settings: Any,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="kognic-sandbox-") if root is None else None
        self.root = Path(root or (self._temporary.name if self._temporary else "")).expanduser().absolute()
        self.platform = open_platform(Settings.of(self.root, settings), bake=bake)
        self._server = PlatformServer(self.platform, host, port)
        self._server.start()
        connection.write_note(self.root, self.url)
        self._is_closed = False
        self.control = Control(self._perform)

    @property
    def url(self) -> str:
        """Base URL of all services, without a trailing slash."""
        return self._server.url

    @property
    def workspace_id(self) -> str:
        """UUID of the initial workspace."""
        return WORKSPACE_ID

    @property
    def credentials(self) -> dict[str, Any]:
        """The content of the credentials file."""
        return dict(self.platform.credentials)

    @property
    def credentials_file(self) -> Path:
        """A credentials file that only its owner can read."""
        return self.root / CREDENTIALS_FILE

    @property
    def control_token(self) -> str:
        """The secret token of the control API, also in the file `control-token`."""
        return self.platform.control_token

    def hosts(self) -> dict[str, str]:
        """Return the host arguments of `KognicIOClient`, all with this sandbox's URL."""
        names = (
            "auth_host",
            "host",
            "order_execution_api_host",
            "annotation_integration_api_host",
            "workspace_api_host",
            "project_management_api_host",
            "dataset_api_host",
        )
        return dict.fromkeys(names, self.url)

    def client(self, **overrides: Any) -> KognicIOClient:
        """Create a client for this sandbox; `overrides` are arguments of `KognicIOClient`."""
        return KognicIOClient(**{"auth": self.credentials, **self.hosts(), **overrides})

    def env(self) -> dict[str, str]:
        """Return environment variables with which the client and all commands use this sandbox."""
        return connection.variables(self.root, self.url, self.credentials_file)

    def view_link(self, uuid: str | None = None) -> str:
        """Return a link to a page of this sandbox, signed for the sandbox's own user.

        It is valid for `url_lifetime` seconds; the browser then stays signed in for twelve hours.

        Args:
            uuid: UUID of an input or scene; None for the overview.

        Raises:
            SandboxError: The input or scene does not exist.
        """
        return self.url + self.control.view_path(uuid)

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """Refuse new connections and close open ones within a `with` block; the state is kept."""
        self._server.stop()
        try:
            yield
        finally:
            self._server = PlatformServer(self.platform, self._server.host, self._server.port)
            self._server.start()

    def close(self) -> None:
        """Stop serving, and delete a temporary folder. Closing twice does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        connection.remove_note(self.root)
        self._server.stop()
        self.platform.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Sandbox(url={self.url!r}, root={str(self.root)!r})"

    def _perform(self, name: str, arguments: Mapping[str, Any]) -> Any:
        try:
            return perform(self.platform, name, arguments)
        except PlatformError as exc:
            raise SandboxError(exc.message) from None
