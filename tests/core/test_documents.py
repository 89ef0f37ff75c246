"""User-written documents: size, aliases and syntax errors are reported with the file's name."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kognic._core import documents
from kognic._core.documents import MAX_YAML_BYTES, read_document
from kognic._core.scene_errors import DocumentError


def laughs(levels: int) -> str:
    """Lists of ten aliases of the list before: 10 to the power of `levels` values in a few lines."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_are_read(tmp_path: Path) -> None:
    """What is written once and used twice is a good way to write YAML."""
    path = tmp_path / "rig.yaml"
    path.write_text("size: &size {width: 2}\nfront: *size\nrear:\n  <<: *size\n  height: 3\n" + laughs(4))

    found = read_document(path)

    assert (found["front"], found["rear"]) == ({"width": 2}, {"width": 2, "height": 3})


@pytest.mark.parametrize(
    "text",
    [laughs(9), laughs(400), "a: &a {x: 1}\n" + "b: &b {<<: *a}\n" + laughs(8)],
    ids=["a billion", "more than any number", "with merges"],
)
def test_aliases_that_explode_are_refused(tmp_path: Path, text: str) -> None:
    """A document that stands for more values than memory holds is refused before it is made."""
    path = tmp_path / "rig.yaml"
    path.write_text(text)

    with pytest.raises(DocumentError, match=r"rig\.yaml: line 1: .*aliases repeat more than a million"):
        read_document(path)


def test_merges_that_explode_are_refused(tmp_path: Path) -> None:
    """Merge keys repeat what they merge while the document is read; they are counted as well."""
    lines = ["m0: &m0 {x: 1}"]
    lines += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}" for n in range(1, 12)]
    path = tmp_path / "rig.yaml"
    path.write_text("\n".join(lines))

    with pytest.raises(DocumentError, match="aliases repeat more than a million values"):
        read_document(path)


@pytest.mark.parametrize("text", ["&a [*a]", "a: &a {b: *a}", "&a {? *a : 1}"])
def test_aliases_of_themselves_are_refused(tmp_path: Path, text: str) -> None:
    """A value that holds itself has no end."""
    path = tmp_path / "rig.yaml"
    path.write_text(text)

    with pytest.raises(DocumentError, match=r"line 1: .*an alias refers to itself"):
        read_document(path)


@pytest.mark.parametrize("name", ["rig.json", "rig.yaml"])
def test_files_that_are_too_large_are_refused(tmp_path: Path, name: str) -> None:
    """The error has the limit; a file of exactly that size is read."""
    path = tmp_path / name
    path.write_text("[" + " " * 98 + "]")

    assert read_document(path, max_bytes=100) == []
    with pytest.raises(DocumentError, match=r"has more than 99 bytes, which is no document of this kind"):
        read_document(path, max_bytes=99)


def test_yaml_that_takes_too_long_is_refused(tmp_path: Path) -> None:
    """The hint suggests JSON, whose limit no scene reaches."""
    path = tmp_path / "rig.yaml"
    path.write_bytes(b"[" + b" " * MAX_YAML_BYTES + b"]")

    with pytest.raises(
        DocumentError, match=r"rig.yaml: has more than 16777216 bytes, too much for YAML; write it as JSON"
    ):
        read_document(path)
    assert read_document(path.rename(tmp_path / "rig.json")) == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "opening"), [("rig.json", "["), ("rig.yaml", "["), ("rig.yaml", "- ")])
def test_deep_nesting_is_refused(tmp_path: Path, name: str, opening: str) -> None:
    """Nesting that no reader can follow is an error of the document, not of the program."""
    path = tmp_path / name
    path.write_text(opening * 20_000)

    with pytest.raises(DocumentError, match=r"is nested too deeply|is not YAML|is not JSON"):
        read_document(path)


class CountedKey(str):
    """A key that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedKey.compared += 1
        return str.__eq__(self, str(other))

    def __hash__(self) -> int:
        return str.__hash__(self)


def test_looking_for_the_key_that_appears_twice_stays_linear() -> None:
    """Among very many keys, too: a file must not be able to keep the program busy for hours."""
    keys = [*map(str, range(2000)), "1999"]
    with pytest.raises(ValueError, match="the key '1999' appears twice"):
        documents._unique([(CountedKey(key), 1) for key in keys])
    assert CountedKey.compared < 10 * len(keys)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("rig.json", '{"a": 1, "a": 2}', "the key 'a' appears twice in one object"),
        ("rig.yaml", "a: 1\nb: 2\na: 3", "line 3: .*the key 'a' appears twice in one object"),
        ("rig.yaml", "? [a]\n: 1", "line 1: .*a key is not text"),
        ("rig.json", '{"a": NaN}', "NaN is not a number that JSON can express"),
        ("rig.json", '{"a": 1', "line 1: is not JSON"),
        ("rig.yaml", "a: [1", "line 1: is not YAML"),
        ("rig.yaml", "a: !!python/object:os.system x", "line 1: is not YAML"),
    ],
)
def test_content_that_would_be_misread_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    """What the libraries would drop, guess at or run is an error with its line."""
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(DocumentError, match=message):
        read_document(path)


def test_line_ends_and_marks_of_windows(tmp_path: Path) -> None:
    """A byte order mark and CRLF are no content."""
    path = tmp_path / "rig.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: |\r\n  two\r\n  lines\r\n")

    assert read_document(path) == {"a": 1, "b": "two\nlines\n"}


def test_unreadable_names_are_told() -> None:
    """A name that no file can have, and folders."""
    with pytest.raises(DocumentError, match="cannot be read: embedded null byte"):
        read_document("a\0b.json")
    with pytest.raises(DocumentError, match="is a folder, not a file"):
        read_document("/")


def test_errors_travel_between_processes(tmp_path: Path) -> None:
    """Bulk runs hand them from one process to another."""
    with pytest.raises(DocumentError) as caught:
        read_document(tmp_path / "missing.json")

    copy = pickle.loads(pickle.dumps(caught.value))

    assert (str(copy), copy.path, copy.problem) == (
        str(caught.value),
        caught.value.path,
        caught.value.problem,
    )


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=15,
)


@given(VALUES)
def test_what_yaml_writes_is_read(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    """Whatever the YAML library writes, with aliases or without, is read back."""
    path = tmp_path_factory.getbasetemp() / "written.yaml"
    text = yaml.safe_dump([value, value], allow_unicode=True)
    path.write_text(text, encoding="utf-8", newline="")

    assert read_document(path) == yaml.safe_load(text)
