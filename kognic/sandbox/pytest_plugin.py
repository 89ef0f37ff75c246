"""Fixtures for test suites that use the platform: `kognic_sandbox` and `kognic_client`.

pytest loads this module wherever the package is installed, so it imports nothing of the sandbox before a
fixture is used.

One sandbox serves a whole test session (starting one takes a fraction of a second, resetting it a few
milliseconds). Every test that asks for `kognic_sandbox` gets it as new: what an earlier test has left is
gone, while credentials and tokens stay valid.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from kognic import sandbox

if TYPE_CHECKING:
    from kognic.io.client import KognicIOClient
    from kognic.sandbox import Sandbox


OPTION = "--kognic-keep"
_KEY = pytest.StashKey["_Sandboxes"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("kognic").addoption(
        OPTION,
        action="store_true",
        help="keep the sandbox of a failed test in a folder, and print the link to its pages",
    )


class _Sandboxes:
    """The sandbox of a test session; after a failure that is to be kept, another one."""

    def __init__(self, kind: type[Sandbox]) -> None:
        self._kind = kind
        self.current: Sandbox | None = None
        self._kept: list[Sandbox] = []

    def get(self, folder: str | None) -> Sandbox:
        if self.current is None:
            self.current = self._kind(folder)
        return self.current

    def keep(self) -> str:
        """Leave the current one as it is; what a person needs to look at it."""
        assert self.current is not None
        kept, self.current = self.current, None
        self._kept.append(kept)
        root = shlex.quote(str(kept.root))
        return (
            f"{kept.view_link()}\n"
            f"after this session: kognic sandbox serve --root {root} --port {urlsplit(kept.url).port} --open"
        )

    def close(self) -> None:
        for kept in self._kept:
            kept.close()
        if self.current is not None:
            self.current.close()
            shutil.rmtree(self.current.root, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Print the link to the sandbox of a test that fails, if it is to be kept."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    sandboxes = item.session.stash.get(_KEY, None)
    uses = "kognic_sandbox" in getattr(item, "fixturenames", ())
    if sandboxes is None or not uses or not report.failed or report.when == "teardown":
        return
    if item.config.getoption(OPTION) and sandboxes.current is not None:
        report.sections.append(("sandbox of this test", sandboxes.keep()))


@pytest.fixture(scope="session")
def _kognic_sandbox_of_session(request: pytest.FixtureRequest) -> Iterator[_Sandboxes]:
    try:
        kind = sandbox.Sandbox
    except ImportError as exc:
        pytest.fail(str(exc), pytrace=False)
    sandboxes = request.session.stash.setdefault(_KEY, _Sandboxes(kind))
    yield sandboxes
    sandboxes.close()


@pytest.fixture
def kognic_sandbox(_kognic_sandbox_of_session: _Sandboxes, request: pytest.FixtureRequest) -> Sandbox:
    """A local Kognic platform, as new for every test."""
    # A temporary folder of its own goes with the sandbox, so what is to be kept needs another one.
    keeps = request.config.getoption(OPTION) and _kognic_sandbox_of_session.current is None
    folder = tempfile.mkdtemp(prefix="kognic-sandbox-kept-") if keeps else None
    sandbox = _kognic_sandbox_of_session.get(folder)
    sandbox.control.reset()
    return sandbox


@pytest.fixture
def kognic_client(kognic_sandbox: Sandbox) -> Iterator[KognicIOClient]:
    """A client of `kognic_sandbox`."""
    with kognic_sandbox.client() as client:
        yield client
