"""Measure the structure of the package: `make house` prints a table, `--check` fails where a limit is exceeded.

Every row is computed from the source (by AST), from import-linter's settings, or from a bare installation in a
temporary environment. Nothing of the package is imported but for the depth of calls and the fields of models.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kognic"
WORDS = Path(__file__).with_name("words.txt")
READ = ("kognic", "web", "benchmarks", "build_backend", "tests", ".ci")
PROSE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs")
# Every import below one of these functions or modules is a named seam: docs/decisions/0009-laziness-at-five-seams.md.
SEAMS = re.compile(
    r"kognic\.(cli\.(lazy|registry)|io\.client|io\.scene_creators|io\.scene_kinds|_core\.lazy)$|kognic\.cli\b"
)
HEAVY = frozenset(
    [
        "PIL",
        "anyio",
        "authlib",
        "av",
        "cv2",
        "dask",
        "datasets",
        "distributed",
        "fsspec",
        "google",
        "google_crc32c",
        "h5py",
        "httpx",
        "httpx2",
        "keyring",
        "laspy",
        "matplotlib",
        "mcap",
        "mcap_protobuf",
        "mcp",
        "msgspec",
        "numpy",
        "openlabel",
        "pandas",
        "playwright",
        "polars",
        "pyarrow",
        "pydantic",
        "pypcd4",
        "requests",
        "rerun",
        "rosbags",
        "scipy",
        "sqlalchemy",
        "starlette",
        "tenacity",
        "torch",
        "tqdm",
        "upath",
        "urllib3",
        "uvicorn",
        "wasmtime",
        "yaml",
        "zstandard",
    ]
)
COMPLEXITY = 15
# Numbers that explain themselves: counting, percent, and the factors between units (SI, time, angles, bytes).
PLAIN = frozenset([0, 1, 2, 10, 100, 1e3, 1e6, 1e9, 60, 3600, 24, 86400, 90, 180, 360, 8, 255, 256, 1024])
COMMENTS_WANTED = 3


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        name: What is measured.
        value: What it is now.
        limit: The largest allowed value; None for a figure without a limit.
        details: The places behind the value.
        at_least: Whether `limit` is the smallest allowed value instead.
    """

    name: str
    value: float
    limit: float | None
    details: tuple[str, ...] = ()
    at_least: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the value is within its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Module(NamedTuple):
    """A module of the package: dotted name, source text and syntax tree."""

    name: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The package directly below `kognic`."""
        return self.name.split(".")[1]


def read_modules() -> dict[str, Module]:
    """Read every module that is in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "kognic/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    modules = {}
    for path in (ROOT / name for name in listed):
        if path.is_file():
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            text = path.read_text("utf-8")
            modules[name] = Module(name, text, ast.parse(text))
    return modules


class Import(NamedTuple):
    """An import statement's target.

    Attributes:
        target: The module that is imported.
        names: What is taken from it; empty for the module itself.
        line: Where.
        level: `top`, `typing` (below TYPE_CHECKING) or `function`.
    """

    target: str
    names: tuple[str, ...]
    line: int
    level: str


def imports_of(module: Module, modules: Iterable[str]) -> Iterator[Import]:
    """Give every import of a module, wherever it stands."""
    known = set(modules)

    def visit(node: ast.AST, level: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inner = level
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inner = "function"
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for part in child.body:
                    yield from visit(ast.Module([part], []), "typing")
                for part in child.orelse:
                    yield from visit(ast.Module([part], []), level)
                continue
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, (), child.lineno, level)
            elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    if full in known:
                        yield Import(full, (), child.lineno, level)
                    else:
                        yield Import(child.module, (alias.name,), child.lineno, level)
            yield from visit(child, inner)

    return visit(module.tree, "top")


def largest_package(modules: dict[str, Module]) -> Row:
    """The share of the largest package in all lines, percent."""
    lines: dict[str, int] = defaultdict(int)
    for module in modules.values():
        lines[module.package] += module.text.count("\n")
    total = sum(lines.values())
    shares = sorted(((count, name) for name, count in lines.items()), reverse=True)
    details = tuple(f"{name}: {count} lines, {100 * count / total:.0f} %" for count, name in shares)
    return Row("largest package below kognic, % of lines", round(100 * shares[0][0] / total, 1), 30, details)


def layer_exceptions() -> Row:
    """Imports that the layer contract ignores."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    ignored = [entry for contract in settings["contracts"] for entry in contract.get("ignore_imports", ())]
    return Row("exceptions in the layer contract", len(ignored), 0, tuple(ignored))


def import_circles(modules: dict[str, Module]) -> list[Row]:
    """Import circles: at import time, with function-level imports, with imports for type checkers."""
    rows = []
    for name, levels in (
        ("import circles at import time", {"top"}),
        ("import circles with function-level imports", {"top", "function"}),
        ("import circles with type-checking imports", {"top", "function", "typing"}),
    ):
        graph = {
            module.name: {
                i.target for i in imports_of(module, modules) if i.level in levels and i.target in modules
            }
            for module in modules.values()
        }
        circles = [c for c in _components(graph) if len(c) > 1]
        rows.append(Row(name, len(circles), 0, tuple(" ".join(sorted(c)) for c in circles)))
    return rows


def _components(graph: dict[str, set[str]]) -> list[set[str]]:
    """Strongly connected components (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []
    for root in graph:
        work = [(root, iter(graph[root]))] if root not in index else []
        while work:
            node, edges = work[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
            for target in edges:
                if target not in index:
                    work.append((target, iter(graph[target])))
                    break
                if target in stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    start = stack.index(node)
                    found.append(set(stack[start:]))
                    del stack[start:]
    return found


def function_level_imports(modules: dict[str, Module]) -> Row:
    """Imports inside functions that are at none of the five seams."""
    found = []
    for module in modules.values():
        if SEAMS.match(module.name):
            continue
        for entry in imports_of(module, modules):
            heavy = entry.target.split(".")[0] in HEAVY or entry.target.startswith("kognic.openlabel")
            if entry.level == "function" and not heavy:
                found.append(f"{module.name}:{entry.line} {entry.target}")
    return Row("function-level imports outside the five seams", len(found), 0, tuple(found))


def whole_io(modules: dict[str, Module]) -> Row:
    """Imports of the standard library's `io` as a whole: `io.BytesIO` reads like a name of `kognic.io`."""
    found = [
        f"{module.name}:{node.lineno}"
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import) and any(name.name == "io" for name in node.names)
    ]
    return Row("imports of the standard library's io as a whole", len(found), 0, tuple(found))


def private_names(modules: dict[str, Module]) -> Row:
    """Names with an underscore that one package imports from another."""
    found = []
    for module in modules.values():
        for entry in imports_of(module, modules):
            parts = entry.target.split(".")
            if parts[0] != "kognic" or len(parts) < 2 or parts[1] in ("_core", module.package, "openlabel"):
                continue
            private = [n for n in (*parts[2:], *entry.names) if n.startswith("_") and not n.startswith("__")]
            found += [f"{module.name}:{entry.line} {entry.target} {name}" for name in private]
    return Row("private names imported across packages", len(found), 0, tuple(found))


def comment_lines(module: Module) -> dict[int, bool]:
    """Lines with a comment for a reader, and whether it stands alone; those for tools do not count."""
    return {
        token.start[0]: token.line.lstrip().startswith("#")
        for token in tokenize.generate_tokens(StringIO(module.text).readline)
        if token.type == tokenize.COMMENT and not re.match(r"#\s*(noqa|type:|pragma|fmt:)", token.string)
    }


def code_lines(module: Module) -> set[int]:
    """Lines on which a statement, or a part of one, begins; strings alone (docstrings) do not count."""
    skipped = (tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT,
               tokenize.ENDMARKER, tokenize.STRING)  # fmt: skip
    tokens = tokenize.generate_tokens(StringIO(module.text).readline)
    return {token.start[0] for token in tokens if token.type not in skipped}


def _is_number(node: ast.expr | None) -> bool:
    """Whether an expression is a literal number (also negative) that does not explain itself."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and not isinstance(value, bool) and value not in PLAIN


def _holds_number(node: ast.AST) -> bool:
    """Whether an expression has such a number in it; positions (`row[3]`) and functions (lambda) have none."""
    if isinstance(node, ast.Lambda):
        return False
    parts = [node.value] if isinstance(node, ast.Subscript) else ast.iter_child_nodes(node)
    return (isinstance(node, ast.expr) and _is_number(node)) or any(map(_holds_number, parts))


def _is_text(node: ast.stmt | None) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


class Number(NamedTuple):
    """A number that wants a reason.

    Attributes:
        first, last: Lines of its statement, or of its part of a signature.
        documented: Whether a string stands directly below the assignment, as Sphinx reads attributes.
    """

    first: int
    last: int
    documented: bool = False


def _constants(body: list[ast.stmt]) -> Iterator[Number]:
    """Numbers assigned in a module or a class; members of enumerations are codes, not choices."""
    for statement, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            if _holds_number(statement.value):
                yield Number(statement.lineno, statement.end_lineno or statement.lineno, _is_text(after))
        elif isinstance(statement, ast.ClassDef) and not any(
            re.search("Enum|Flag", ast.unparse(base)) for base in statement.bases
        ):
            yield from _constants(statement.body)


def _defaults(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Number]:
    """Numbers that stand as the default of a parameter."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    pairs = [
        *zip(positional[::-1], given.defaults[::-1], strict=False),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    for parameter, default in pairs:
        if default is not None and _is_number(default):
            yield Number(parameter.lineno, default.end_lineno or default.lineno)


def _thresholds(node: ast.AST, statement: int = 0) -> Iterator[Number]:
    """Numbers that something is compared with by order; an HTTP status is a code, not a choice."""
    for child in ast.iter_child_nodes(node):
        inner = child.lineno if isinstance(child, ast.stmt) else statement
        if isinstance(child, ast.Compare) and "status" not in ast.unparse(child):
            sides = [child.left, *child.comparators]
            for left, operator, right in zip(sides, child.ops, sides[1:], strict=False):
                if not isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                    continue
                if _is_number(left) or _is_number(right):
                    yield Number(inner, child.end_lineno or child.lineno)
                    break
        yield from _thresholds(child, inner)


def numbers_of(module: Module) -> Iterator[Number]:
    """Constants, defaults and thresholds of a module that are numbers and do not explain themselves."""
    yield from _constants(module.tree.body)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _defaults(node)
    yield from _thresholds(module.tree)


def reasons(modules: dict[str, Module]) -> list[Row]:
    """Whether numbers have a reason beside them, and how many comments there are in modules with numbers.

    A reason is a comment in the number's statement or directly above it, or a string below the assignment.
    What the comment says is for reviewers to judge.
    """
    bare: list[str] = []
    shares: list[tuple[float, str]] = []
    code = written = code_of_all = written_of_all = 0
    for module in modules.values():
        remarks, lines = comment_lines(module), code_lines(module)
        code_of_all += len(lines)
        written_of_all += len(remarks)
        numbers = list(numbers_of(module))
        if not numbers:
            continue
        code += len(lines)
        written += len(remarks)
        shares.append((100 * len(remarks) / len(lines), module.name))
        text = module.text.splitlines()
        bare += [
            f"{module.name}:{number.first} {text[number.first - 1].strip()[:100]}"
            for number in sorted(set(numbers))
            if not (
                number.documented
                or remarks.get(number.first - 1)
                or any(line in remarks for line in range(number.first, number.last + 1))
            )
        ]
    thin = tuple(f"{share:.1f} {name}" for share, name in sorted(shares) if share < COMMENTS_WANTED)
    return [
        Row("numbers without a reason beside them", len(bare), 0, tuple(bare)),
        Row(
            "comment lines per 100 of code, modules with numbers",
            round(100 * written / code, 2),
            COMMENTS_WANTED,
            thin,
            at_least=True,
        ),
        Row("comment lines per 100 of code, all modules", round(100 * written_of_all / code_of_all, 2), None),
    ]


def complex_functions() -> Row:
    """Functions whose cyclomatic complexity, as radon counts it, is above 15."""
    radon = Path(sys.executable).with_name("radon")
    done = subprocess.run(
        [radon, "cc", "kognic", "--min", "C", "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = set()
    for path, blocks in json.loads(done.stdout).items():
        for block in _all_blocks(blocks):
            if block["type"] != "class" and block["complexity"] > COMPLEXITY:
                name = ".".join(filter(None, [block.get("classname"), block["name"]]))
                found.add((block["complexity"], f"{path}:{block['lineno']} {name}"))
    details = tuple(f"{value} {place}" for value, place in sorted(found, reverse=True))
    return Row(f"functions of complexity above {COMPLEXITY}", len(found), 0, details)


def _all_blocks(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield block
        yield from _all_blocks(block.get("methods", []) + block.get("closures", []))


def words() -> Row:
    """Sentences that read like a translation, after the list in words.txt."""
    patterns = [re.compile(line) for line in WORDS.read_text("utf-8").splitlines() if line and line[0] != "#"]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *READ, *PROSE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = []
    for path in (ROOT / name for name in listed):
        if path.suffix not in (".py", ".md", ".ts", ".tsx", ".html") or not path.is_file():
            continue
        text = path.read_text("utf-8")
        prose = _prose_lines(text) if path.suffix == ".py" else None
        for number, line in enumerate(text.splitlines(), 1):
            if (prose is None or number in prose) and any(pattern.search(line) for pattern in patterns):
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:100]}")
    return Row("hits of the word list", len(found), 0, tuple(found))


def _prose_lines(text: str) -> set[int]:
    """Lines of a module with a comment or a text: names of variables are not read as sentences."""
    kinds = {"COMMENT", "STRING", "FSTRING_MIDDLE"}
    return {
        number
        for token in tokenize.generate_tokens(StringIO(text).readline)
        if tokenize.tok_name[token.type] in kinds
        for number in range(token.start[0], token.end[0] + 1)
    }


def fields_outside_cattrs() -> Row:
    """Fields of models that the converter does not structure."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.base_clients.serialization.coverage"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        return Row(
            "fields of models outside cattrs", float("nan"), 0, (done.stderr.strip().splitlines()[-1],)
        )
    names = tuple(done.stdout.split())
    return Row("fields of models outside cattrs", len(names), 0, names)


def depth_of_a_call() -> Row:
    """Calls of ours that are open at once while an input is placed, from the user's to the network library."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("call_depth.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return Row("own calls deep, placing an input", float("nan"), 10, (done.stderr.strip()[-300:],))
    frames = tuple(done.stdout.split("\n")[:-1])
    return Row("own calls deep, placing an input", len(frames), 10, frames)


def bare_install() -> list[Row]:
    """Packages and megabytes (without byte code) of an installation without extras."""
    uv = Path(sys.executable).with_name("uv")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "site"
        command = [uv, "pip", "install", "-q", "--python", sys.executable, "--target", target, str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return [Row("packages in a bare installation", float("nan"), 26, (done.stderr[-300:],))]
        names = sorted(path.name.removesuffix(".dist-info") for path in target.glob("*.dist-info"))
        size = sum(p.stat().st_size for p in target.rglob("*") if p.is_file() and p.suffix != ".pyc")
    megabytes = round(size / 1e6, 1)
    # kognic-io 2.19.0 with all it brings: 31 MB, 30 packages.
    return [
        Row("packages in a bare installation", len(names), 26, tuple(names)),
        Row("megabytes of a bare installation", megabytes, 36),
    ]


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure everything; what installs or runs something is left out when it has to be quick."""
    modules = read_modules()
    yield largest_package(modules)
    yield layer_exceptions()
    yield from import_circles(modules)
    yield function_level_imports(modules)
    yield private_names(modules)
    yield whole_io(modules)
    yield from reasons(modules)
    yield complex_functions()
    yield words()
    yield fields_outside_cattrs()
    if not quick:
        yield depth_of_a_call()
        yield from bare_install()


def main() -> int:
    """Print the table; with `--details` the places, with `--check` an exit status."""
    arguments = set(sys.argv[1:])
    failed = 0
    for row in rows(quick="--quick" in arguments):
        failed += not row.is_kept
        mark = "  " if row.is_kept else "! "
        bound = "at least" if row.at_least else "at most"
        limit = "" if row.limit is None else f"   ({bound} {row.limit:g})"
        print(f"{mark}{row.name:<52}{row.value:>8g}{limit}")
        if "--details" in arguments:
            for detail in row.details:
                print(f"      {detail}")
    return 1 if failed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main())
