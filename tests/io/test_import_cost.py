"""What an import of the client pulls in. Modules are counted, not seconds."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "PIL", "authlib", "cattrs", "click", "distributed", "filelock", "httpx", "joserfc", "kognic.openlabel",
    "laspy", "numpy", "pandas", "pyarrow", "pydantic", "rich", "sqlalchemy", "starlette", "tenacity", "tqdm",
    "uvicorn", "wasmtime", "yaml",
}  # fmt: skip
MODELS = ("kognic.io.model.", "kognic.io.tools", "kognic.scenes.checks", "kognic.sandbox")


def loaded(code: str) -> set[str]:
    """The modules of a fresh interpreter after some code."""
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def heavy(modules: set[str]) -> set[str]:
    return {
        name for name in modules if name in HEAVY or name.split(".")[0] in HEAVY or name.startswith(MODELS)
    }


@pytest.mark.parametrize(
    "code",
    [
        "from kognic.io.client import KognicIOClient",
        "from kognic.io import KognicIOClient",
        "import kognic.io.errors, kognic.io.resources, kognic.io.resources.scene, kognic.io.resources.input",
        "from kognic.io.errors import NotFoundError",
        "from kognic.io.resources.operations import OPERATIONS",
    ],
)
def test_import_is_light(code: str) -> None:
    """Neither the libraries nor the models that a call would need."""
    assert heavy(loaded(code)) == set()


@pytest.mark.parametrize("module", ["kognic.io", "kognic.io.client", "kognic.auth"])
def test_requests_is_not_waited_for(module: str) -> None:
    """Not even the HTTP library, which takes longer than all the rest, is loaded by an import."""
    assert not {"requests", "urllib3"} & loaded(f"import {module}")


def test_constructing_is_light() -> None:
    """Credentials are read without the libraries that fetch a token."""
    code = "from kognic.io.client import KognicIOClient\nKognicIOClient(auth=('id', 'secret'))"

    assert heavy(loaded(code)) == set()


def test_query_client_is_light() -> None:
    """The same holds for the query client."""
    code = "from kognic.query.query_api_client import QueryApiClient\nQueryApiClient(auth=('id', 'secret'))"

    assert heavy(loaded(code)) == set()


def test_resources_load_when_they_are_used() -> None:
    """Taking up a resource loads its models, and no OpenLABEL."""
    code = "from kognic.io.client import KognicIOClient\nKognicIOClient(auth=('id', 'secret')).cameras"
    modules = loaded(code)

    assert "kognic.io.resources.scene.creators" in modules
    assert not {"kognic.openlabel", "pydantic", "authlib", "tenacity"} & modules
