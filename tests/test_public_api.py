"""What users rely on: import paths, signatures, documentation, types, commands, and clear words on extras.

Import paths and signatures were transcribed from the documentation of the official packages into
tests/documented_api; nothing here is derived from the code that it checks.
"""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import warnings
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from tests.documented_api import surface
from tests.documented_api.load import Signature, imports, signatures

ROOT = Path(__file__).resolve().parents[1]
# A section of its own, a sentence, or a reference to a function that has one of them.
TELLS_ERRORS = re.compile(r"^Raises:$|\b[Rr]aises (what|`)|otherwise (as|like) `", re.MULTILINE)
# Methods that never call the platform.
NO_CALL = {"close", "hosts", "env", "add_annotation_type", "remove_annotation_types"}


@pytest.mark.parametrize("module", imports())
def test_import_path(module: str) -> None:
    """Every documented name can be imported from its documented module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in imports()[module]:
            exec(f"from {module} import {name}", {})


@pytest.mark.parametrize("signature", signatures(), ids=lambda s: s.target)
def test_signature(signature: Signature) -> None:
    """Every documented call still works: names, order, kinds and defaults; what is new can be left out."""
    actual = inspect.signature(resolve(signature.target)).parameters
    documented = {p.name: p for p in signature.parameters}

    assert [describe(actual[n]) for n in actual if n in documented] == list(
        map(describe, signature.parameters)
    )
    for name, expected in documented.items():
        if expected.default is not expected.empty and expected.default is not ...:
            assert default_of(actual[name]) == expected.default, name
    added = [p for p in actual.values() if p.name not in documented]
    assert [p.name for p in added if not can_be_left_out(p)] == []
    positional = [n for n, p in actual.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [n in documented for n in positional] == sorted(
        (n in documented for n in positional), reverse=True
    )


def describe(parameter: inspect.Parameter) -> tuple[str, str]:
    """Name and kind."""
    return parameter.name, parameter.kind.description


def can_be_left_out(parameter: inspect.Parameter) -> bool:
    """Whether a call works without the parameter."""
    is_open = parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    return is_open or parameter.default is not parameter.empty


def default_of(parameter: inspect.Parameter) -> Any:
    """The default; an attrs factory counts as the empty list or dict that it makes."""
    default = parameter.default
    if default is not None and type(default).__name__ in {
        "Factory",
        "_HAS_DEFAULT_FACTORY_CLASS",
        "_Nothing",
    }:
        return {} if parameter.name == "environments" else []
    return default


def resolve(target: str) -> Any:
    """What a line of signatures.txt calls; methods come bound, so without `self`."""
    if target.startswith("client."):
        _, resource, method = target.split(".")
        from kognic.io.client import KognicIOClient

        with KognicIOClient(auth=("id", "secret"), write_workspace_id="w") as client:
            return getattr(getattr(client, resource), method)
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    value = getattr(owner, name)
    is_static = isinstance(inspect.getattr_static(owner, name), staticmethod)
    is_method = inspect.isclass(owner) and inspect.isfunction(value) and not is_static
    return value.__get__(object()) if is_method else value


def test_everything_public_is_documented() -> None:
    """Every exported class and function and every public method says what it is for."""
    undocumented = [
        str(public)
        for public in (*surface.exported(), *surface.methods())
        if not (inspect.getdoc(public.function or public.value) or "").strip()
    ]

    assert not undocumented, "\n" + "\n".join(undocumented)


def test_what_can_fail_says_so() -> None:
    """A public function that raises, and every call of the platform's API, tells of its errors."""
    silent = []
    calls = set(surface.resources().values())
    for public in (*surface.exported(), *surface.methods()):
        function = public.function
        if function is None or public.name.rpartition(".")[2] in NO_CALL:
            continue
        is_call = public.owner in calls and not isinstance(public.value, (property, staticmethod))
        raised = sorted(set(surface.raised_in(function)))
        if (raised or is_call) and not TELLS_ERRORS.search(inspect.getdoc(function) or ""):
            silent.append(f"{public}: {', '.join(raised) or 'calls the platform'}")

    assert not silent, "\n" + "\n".join(silent)


def test_types_are_complete() -> None:
    """Every parameter and every result of a public function is annotated."""
    incomplete = []
    for public in (*surface.exported(), *surface.methods()):
        function = public.function
        if function is None:
            continue
        signature = inspect.signature(function)
        bare = [
            p.name
            for p in signature.parameters.values()
            if p.annotation is p.empty and p.name not in {"self", "cls"}
        ]
        if signature.return_annotation is signature.empty:
            bare.append("return")
        if bare:
            incomplete.append(f"{public}: {', '.join(bare)}")

    assert not incomplete, "\n" + "\n".join(incomplete)


def test_everything_public_is_tested() -> None:
    """Every public class, function and method occurs by name in a test, beyond the lists of this one."""
    tested = words_of_tests() | {type_.__name__ for type_ in surface.resources().values()}
    untested = [
        str(public)
        for public in (*surface.exported(), *surface.methods())
        if public.name.rpartition(".")[2] not in tested
    ]

    assert not untested, "\n" + "\n".join(untested)


def words_of_tests() -> set[str]:
    """All identifiers in the tests, without those that list the public API.

    The tables of models count: each model in them is made, read and written. So does the code of the
    documentation, which the tests run. Resources are tested by their methods.
    """
    listing = {ROOT / "tests" / "documented_api", ROOT / "tests" / "typing"}
    modules = [p for p in (ROOT / "tests").rglob("*.py") if not listing & set(p.parents)]
    tables = [ROOT / "tests" / "documented_api" / name for name in ("models.txt", "enums.txt")]
    texts = [path.read_text("utf-8") for path in (*modules, *tables) if path != Path(__file__)]
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        texts += re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return {word for text in texts for word in re.findall(r"\w+", text)}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["kognic", "kognicutil", "kognic-auth", "kog"])
def test_console_script(command: str, tmp_path: Path) -> None:
    """The installed command shows its help and a usage error, without credentials and without a home."""
    (script,) = entry_points(group="console_scripts", name=command)
    assert callable(script.load())
    executable = Path(sys.executable).with_name(command)

    shown = run([executable, "--help"], tmp_path)
    wrong = run([executable, "no-such-thing"], tmp_path)

    assert (shown.returncode, wrong.returncode) == (0, 2), shown.stderr + wrong.stderr
    assert "usage" in shown.stdout.lower()
    assert "Traceback" not in wrong.stderr


def run(command: list[str | Path], home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with no credentials, no settings and no network to speak of."""
    env = {"PATH": "", "HOME": str(home), "PYTHONUTF8": "1", "https_proxy": "http://127.0.0.1:9"}
    return subprocess.run(
        [str(c) for c in command], cwd=home, env=env, capture_output=True, text=True, check=False
    )


# Extra -> the modules it brings, and something that needs them.
EXTRAS = {
    "httpx": (
        ("httpx", "httpx2"),
        "from kognic.auth.httpx import BaseAsyncApiClient; BaseAsyncApiClient(auth=('i', 's'))",
    ),
    "sandbox": (
        ("starlette", "uvicorn", "sqlalchemy", "joserfc"),
        "from kognic.sandbox import Sandbox; Sandbox()",
    ),
    "wasm": (
        ("wasmtime",),
        "from kognic.io.tools.calibration import validation; validation.validate_wasm_binary(b'', [])",
    ),
    "checks": (
        ("PIL", "numpy", "laspy"),
        (
            "open('a.png', 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n')\n"
            "from kognic.scenes.content import inspect_image; inspect_image('a.png')"
        ),
    ),
    "parquet": (
        ("pyarrow",),
        (
            "from pathlib import Path; from kognic.pipelines.export.formats import write_parquet\n"
            "write_parquet(Path('a.parquet'), [], Path())"
        ),
    ),
    "dask": (
        ("distributed",),
        (
            "import os, sys; os.environ.update(KOGNIC_CLIENT_ID='i', KOGNIC_CLIENT_SECRET='s')\n"
            "open('a.png', 'wb').write(b'content')\n"
            'scene = \'{"type": "cameras", "externalId": "e", "frames": [{"images": {"A": "a.png"}}]}\'\n'
            "open('a.scene.json', 'w').write(scene)\n"
            "sys.argv = 'kognic bulk run --no-plan --workspace w --dask localhost:9 a.scene.json'.split()\n"
            "from kognic.cli import main; main()"
        ),
    ),
    "keyring": (
        ("keyring",),
        (
            "from kognic.auth.internal.credentials_store import save_credentials\n"
            "from kognic.auth.credentials import ApiCredentials\n"
            "save_credentials(ApiCredentials('i', 's', 'e', 1, 'x'), 'default')"
        ),
    ),
}
BLOCKED = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def without(modules: tuple[str, ...], code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter in which these modules are not installed."""
    return run([sys.executable, "-c", BLOCKED.format(modules=set(modules)) + code], home)


@pytest.mark.parametrize("extra", EXTRAS)
def test_missing_extra_names_the_hint(extra: str, tmp_path: Path) -> None:
    """What needs an extra that is not installed says how to install it."""
    modules, code = EXTRAS[extra]

    done = without(modules, code, tmp_path)

    assert done.returncode != 0
    assert f"kognic-client[{extra}]" in done.stderr.splitlines()[-1], done.stderr
    assert "pip install" in done.stderr.splitlines()[-1]


def test_every_import_works_without_extras(tmp_path: Path) -> None:
    """The client, its models, its resources and its commands need no extra."""
    extras = (
        "httpx",
        "httpx2",
        "keyring",
        "wasmtime",
        "starlette",
        "uvicorn",
        "sqlalchemy",
        "joserfc",
        "pyarrow",
    )
    more = ("numpy", "laspy", "PIL", "distributed", "rerun")
    code = """
import warnings; warnings.simplefilter("ignore")
from kognic.io.client import KognicIOClient
import kognic.io.kognicutil, kognic.cli, kognic.auth.cli, kognic.auth.cli.api_request
import kognic.query.query_api_client
import kognic.io.tools.input_creation, kognic.io.tools.calibration.validation, kognic.auth.requests
from kognic.io.model import *
client = KognicIOClient(auth=("i", "s"), write_workspace_id="w")
[getattr(client, name) for name in dir(client) if not name.startswith("_")]
print("fine")
"""

    done = without((*extras, *more), code, tmp_path)

    assert done.stdout.strip() == "fine", done.stderr
