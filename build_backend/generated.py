"""Files of the package that are generated from tables when it is built.

- `official_paths.txt`: modules of the official client that hold nothing here. Each re-exports names from
  where they are defined, so that type checkers and editors see what users of that client import.
- `kognic/io/scene_kinds.py`: the stubs of the scene creators. These differ in the name and the class of
  one argument, which Python cannot express in a generic class.

`python build_backend/generated.py` writes them, with `--check` it only reports whether they are up to date.
They are not in the repository; wheels, source distributions and editable installs hold them.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL_PATHS = Path(__file__).with_name("official_paths.txt")
KINDS = ROOT / "kognic" / "io" / "scene_kinds.py"
CREATORS = ROOT / "kognic" / "io" / "resources" / "scene" / "creators.pyi"
CREATOR_ATTRIBUTES = ROOT / "kognic" / "io" / "scene_creators.pyi"
_WIDTH = 100


class OfficialPath(NamedTuple):
    """A module of the official client.

    Attributes:
        module: Its dotted path.
        source: The module that defines its names here.
        names: What it exports.
    """

    module: str
    source: str
    names: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file that is generated for it."""
        return ROOT.joinpath(*self.module.split(".")).with_suffix(".py")

    @property
    def text(self) -> str:
        """The content of that file."""
        imported = f"from {self.source} import {', '.join(self.names)}\n"
        if len(imported) > _WIDTH:
            imported = f"from {self.source} import (\n" + "".join(f"    {n},\n" for n in self.names) + ")\n"
        exported = ", ".join(f'"{name}"' for name in self.names)
        about = f"Import path of the official client; see `{self.source}`."
        return f'"""{about}"""\n\n{imported}\n__all__ = [{exported}]\n'


def official_paths() -> list[OfficialPath]:
    """Read the table of the official client's modules."""
    rows = []
    for line in OFFICIAL_PATHS.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            module, source, names = (part.strip() for part in line.split(":"))
            rows.append(OfficialPath(module, source, tuple(names.split())))
    return rows


def generated_files() -> Iterator[tuple[Path, str]]:
    """Give path and content of every generated file."""
    for row in official_paths():
        yield row.path, row.text
    kinds = runpy.run_path(str(KINDS))["KINDS"]
    yield CREATORS, _creators_stub(kinds)
    yield CREATOR_ATTRIBUTES, _attributes_stub(kinds)


def stale_files() -> list[Path]:
    """The generated files that are missing or differ from their table."""
    return [path for path, text in generated_files() if not path.is_file() or path.read_text("utf-8") != text]


def write_files() -> list[Path]:
    """Write the generated files that are missing or stale; return them."""
    stale = set(stale_files())
    for path, text in generated_files():
        if path in stale:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return sorted(stale)


_CREATORS_HEAD = '''"""Generated from `kognic.io.scene_kinds`: the scene creators."""

from collections.abc import Mapping
from typing import Generic, Literal, TypeVar, overload

{imports}
from kognic.io.model.scene.abstract import BaseScene
from kognic.io.model.scene.feature_flags import FeatureFlags
from kognic.io.model.scene.scene_job import CreateSceneResponse
from kognic.io.resources.abstract import CreateableIOResource

SceneT = TypeVar("SceneT", bound=BaseScene)

class SceneCreator(CreateableIOResource, Generic[SceneT]): ...

CREATORS: Mapping[str, type[SceneCreator[BaseScene]]]
'''

_CREATOR = '''
class {model}(SceneCreator[_{model}]):
    """{summary}"""

    @overload
    def create(
        self,
        {attribute}: _{model},
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: Literal[False] = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse: ...
    @overload
    def create(
        self,
        {attribute}: _{model},
        project: str | None = None,
        batch: str | None = None,
        annotation_types: list[str] | None = None,
        dryrun: bool = False,
        feature_flags: FeatureFlags | None = None,
    ) -> CreateSceneResponse | None: ...
'''

_ATTRIBUTES_HEAD = '''"""Generated from `kognic.io.scene_kinds`: the scene creators on the client."""

from kognic.io.resources.scene import creators

class SceneCreators:
'''


def _creators_stub(kinds: tuple[NamedTuple, ...]) -> str:
    imports = "\n".join(f"from {k.module} import {k.model_name} as _{k.model_name}" for k in kinds)
    head = _CREATORS_HEAD.format(imports=imports)
    return head + "".join(
        _CREATOR.format(model=k.model_name, attribute=k.attribute, summary=k.summary) for k in kinds
    )


def _attributes_stub(kinds: tuple[NamedTuple, ...]) -> str:
    return _ATTRIBUTES_HEAD + "".join(
        f'    @property\n    def {k.attribute}(self) -> creators.{k.model_name}:\n        """{k.summary}"""\n'
        for k in kinds
    )


def main() -> int:
    """Write the generated files, or with `--check` report which are stale."""
    check = "--check" in sys.argv[1:]
    stale = stale_files() if check else write_files()
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
