"""Every example of the documentation runs: Python, commands with their output, descriptions in YAML and JSON.

The blocks of a page share one namespace and one folder, in which `drive/` is a sample drive; `sandbox` is
the platform. A block after the comment `<!--- skip: next -->` is not run. A YAML or JSON block whose first
line is a comment with a file name is written to that file. Of console blocks the lines `$ kognic ...` are run
and, where output is shown, compared; `...` stands for anything.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from sybil import Document, Example, Sybil
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser

from kognic.cli.root import cli
from tests.cli.command_tree import commands

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Their examples take more than a second.
LONG_PAGES = {
    "README", "bulk", "checks", "checks-geometry", "downloading", "importing", "preview", "recipes",
    "sandbox", "troubleshooting",
}  # fmt: skip
FILE_NAME = re.compile(r"^(?:#|//) (\S+\.(?:ya?ml|json))\n")
# `kognic` commands that are shown for what they begin; they run until they are interrupted.
ENDLESS = ("sandbox serve",)


def evaluate_file(example: Example) -> None:
    """Write a named block to its file; others only have to be readable."""
    text = example.parsed
    named = FILE_NAME.match(text)
    content = text[named.end() :] if named and text.startswith("//") else text
    yaml.safe_load(content)  # which reads JSON, too
    if named:
        Path(named.group(1)).write_text(content, encoding="utf-8")


def evaluate_console(example: Example) -> str | None:
    """Run the commands of a block one after the other."""
    for line, shown in sessions(example.parsed):
        words = shlex.split(line, comments=True)
        if words[:1] != ["kognic"] or line.removeprefix("kognic ").startswith(ENDLESS):
            continue
        result = CliRunner().invoke(cli, words[1:], obj={})
        is_error = "kognic: error:" in shown
        if result.exit_code != is_error:
            return f"$ {line}\nended with {result.exit_code}:\n{result.output}\n{result.exception!r}"
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        if shown and not doctest.OutputChecker().check_output(shown, result.output, flags):
            return f"$ {line}\nprinted:\n{result.output}\nnot:\n{shown}"
    return None


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """Commands and what is shown as their output; a backslash continues a command."""
    text = text.replace("\\\n", " ")
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield line, shown.rstrip("\n") + "\n" if shown.strip() else ""


SYBIL = Sybil(
    parsers=[
        PythonCodeBlockParser(),
        CodeBlockParser(language="console", evaluator=evaluate_console),
        CodeBlockParser(language="yaml", evaluator=evaluate_file),
        CodeBlockParser(language="json", evaluator=evaluate_file),
        SkipParser(),
    ],
    path=str(ROOT),
)


def parsed(path: Path) -> Document:
    return SYBIL.parse(path)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.name, marks=pytest.mark.slow if path.stem in LONG_PAGES else ())
        for path in DOCUMENTS
    ],
)
def test_examples(path: Path, reader: object) -> None:
    """A page's examples, from the top to the bottom."""
    document = parsed(path)
    document.namespace.update(sandbox=reader.sandbox)
    for example in document.examples():
        example.evaluate()


def test_every_block_is_of_a_kind_that_is_known() -> None:
    """A block without a language, or of one that nobody checks, is a mistake."""
    allowed = {"python", "console", "yaml", "json", "text", "toml", "bash", "ini", "{eval-rst}", "{toctree}"}
    allowed |= {"{click}", "{include}", "{note}", "{warning}", "{tip}"}
    allowed |= {"{image}"}
    for path in DOCUMENTS:
        opened: list[str] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            fence = re.match(r"\s*(`{3,}|:{3,})\s*([\w{}-]*)", line)
            if not fence:
                continue
            if opened and not fence.group(2) and fence.group(1).startswith(opened[-1]):
                opened.pop()
            elif not opened or opened[-1][0] == ":":
                assert fence.group(2) in allowed, f"{path.name}:{number}: {line}"
                opened.append(fence.group(1))


def test_every_page_is_listed_once() -> None:
    """The index is the table of contents: a page that it forgets is not found, one twice is clutter."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    trees = "\n".join(re.findall(r"^```{toctree}\n(.*?)^```", index, flags=re.MULTILINE | re.DOTALL))
    listed = [line for line in trees.splitlines() if line and not line.startswith(":")]
    pages = [path.stem for path in DOCUMENTS if path.stem not in {"README", "index"}]
    assert sorted(listed) == sorted([*pages, "api/index", "decisions/index"])


def test_commands_in_prose_exist() -> None:
    """Every `kognic ...` in backticks names a command that there is."""
    known = {" ".join(path) for path, _ in commands(cli)}
    groups = {" ".join(path[:length]) for path in map(str.split, known) for length in range(1, 4)}
    for path in DOCUMENTS:
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for said in re.findall(r"`kognic ([a-z][^`]*)`", prose):
            words = re.match(r"[a-z-]+(?: [a-z][a-z-]*)*", said).group(0).split()
            words[0] = {"batches": "batch"}.get(words[0], words[0].removesuffix("s"))
            longest = next((n for n in range(len(words), 0, -1) if " ".join(words[:n]) in groups), 0)
            assert longest, f"{path.name}: kognic {said}"
