"""The pytest plugin, as other people's test suites use it."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from kognic.sandbox import Sandbox

pytestmark = pytest.mark.slow

pytest_plugins = ["pytester"]

# Plugins of ours that cost time or warn; the plugin under test is found as in any other project.
QUIET = ("-q", "-p", "no:asyncio", "-p", "no:hypothesispytest")
SUITE = """
import requests

def test_first(kognic_sandbox):
    kognic_sandbox.control.create_project("mine")
    assert requests.get(kognic_sandbox.url + "/_sandbox/health").ok

def test_second(kognic_sandbox):
    body = {"grant_type": "client_credentials", "client_id": kognic_sandbox.credentials["clientId"],
            "client_secret": kognic_sandbox.credentials["clientSecret"]}
    token = requests.post(kognic_sandbox.url + "/v1/auth/oauth/token", data=body).json()["access_token"]
    projects = requests.get(kognic_sandbox.url + "/v1/projects", headers={"Authorization": "Bearer " + token})
    assert [one["project"] for one in projects.json()["data"]] == ["sandbox-project"]

def test_client(kognic_client):
    assert [one.project for one in kognic_client.project.get_projects()] == ["sandbox-project"]
"""

WITHOUT_EXTRA = """
import re
import shutil
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sqlalchemy":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
"""


def test_isolation(pytester: pytest.Pytester) -> None:
    """Each test finds a new sandbox; nothing warns."""
    pytester.makepyfile(SUITE)

    result = pytester.runpytest_subprocess(*QUIET, "-W", "error")

    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*Warning*")


def test_without_the_extra(pytester: pytest.Pytester) -> None:
    """Suites that do not use the fixtures run; the fixtures fail with the command that helps."""
    pytester.makeconftest(WITHOUT_EXTRA)
    pytester.makepyfile("def test_other(): pass\ndef test_used(kognic_sandbox): pass\n")

    result = pytester.runpytest_subprocess(*QUIET)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(['*needs sqlalchemy*pip install "kognic-client?sandbox?"*'])


def test_loading_costs_nothing(pytester: pytest.Pytester) -> None:
    """A suite that does not use the sandbox does not import it."""
    pytester.makepyfile(
        """
        import sys

        def test_modules():
            heavy = {"sqlalchemy", "uvicorn", "starlette", "pydantic", "kognic.io", "kognic.sandbox.handle"}
            assert not heavy & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess(*QUIET).assert_outcomes(passed=1)


def test_is_found_by_name() -> None:
    """The fixtures are listed with what they are for."""
    import pytest_kognic

    assert Path(pytest_kognic.__file__).name == "pytest_kognic.py"
    assert "pytest_kognic" in sys.modules


def test_a_failed_test_keeps_its_sandbox(pytester: pytest.Pytester) -> None:
    """With --kognic-keep: the link is printed, the state can be served again, and other tests begin anew."""
    pytester.makepyfile(
        """
        def test_wrong(kognic_sandbox):
            kognic_sandbox.control.create_project("the-evidence")
            assert False

        def test_right(kognic_client):
            assert [one.project for one in kognic_client.project.get_projects()] == ["sandbox-project"]
        """
    )

    result = pytester.runpytest_subprocess(*QUIET, "--kognic-keep")

    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "/view/?User=1&Expires=" in text
    found = re.search(r"kognic sandbox serve --root (\S+) --port \d+ --open", text)
    assert found is not None
    root = Path(found[1])
    try:
        with Sandbox(root) as sandbox, sandbox.client() as client:
            assert "the-evidence" in [one.project for one in client.project.get_projects()]
    finally:
        shutil.rmtree(root)


def test_nothing_is_kept_unless_asked(pytester: pytest.Pytester) -> None:
    """A failed test prints no link by itself."""
    pytester.makepyfile("def test_wrong(kognic_sandbox): assert False\n")

    result = pytester.runpytest_subprocess(*QUIET)

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*/view/*")
