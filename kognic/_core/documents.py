"""Reads what people write by hand: JSON and YAML, safely and strictly, with errors that name file and line.

Keys that appear twice are rejected, because both libraries would silently drop the first, and so are numbers
that JSON cannot express. YAML is read by PyYAML's safe loader: data only, no objects. What its aliases may
repeat is limited, because a few lines of them can stand for more values than any memory holds.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from kognic._core.scene_errors import DocumentError
from kognic._core.standard_classes import keep_class

YAML_SUFFIXES = (".yaml", ".yml")
# OpenLABEL documents of long scenes have hundreds of megabytes; a larger file was named by mistake.
MAX_BYTES = 2**30
# PyYAML takes three seconds per megabyte.
MAX_YAML_BYTES = 2**24
# YAML aliases can expand exponentially ("billion laughs"): nine levels of nine make 387 million elements.
_MAX_REPEATED = 1_000_000


def read_document(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> Any:
    """Read a JSON file, or a YAML file if its name ends in `.yaml` or `.yml`.

    Args:
        path: The file.
        max_bytes: Reject what is larger; YAML never exceeds `MAX_YAML_BYTES`.

    Raises:
        DocumentError: The file is missing, unreadable, too large, not text, or not JSON or YAML.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() in YAML_SUFFIXES:
        if max_bytes > MAX_YAML_BYTES:
            text = read_text(path, max_bytes=MAX_YAML_BYTES, too_large="too much for YAML; write it as JSON")
        else:
            text = read_text(path, max_bytes=max_bytes)
        return parse_yaml(path, text)
    return _parsed(path, lambda: _parse_json(read_text(path, max_bytes=max_bytes)))


def read_text(
    path: Path, *, max_bytes: int = MAX_BYTES, too_large: str = "which is no document of this kind"
) -> str:
    """Read a text file.

    Raises:
        DocumentError: It is missing, unreadable, too large or not text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except FileNotFoundError as exc:
        raise keep_class(DocumentError(path, "there is no such file"), exc) from None
    except IsADirectoryError as exc:
        raise keep_class(DocumentError(path, "is a folder, not a file"), exc) from None
    except (OSError, ValueError) as exc:  # ValueError: a name that no file can have
        error = DocumentError(path, f"cannot be read: {getattr(exc, 'strerror', None) or exc}")
        raise keep_class(error, exc) from None
    if len(content) > max_bytes:
        raise DocumentError(path, f"has more than {max_bytes} bytes, {too_large}")
    wide = _wide_encoding(content)
    if wide is not None:
        raise DocumentError(path, f"is {wide} text, must be UTF-8: save it as UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        raise DocumentError(path, f"is not UTF-8 text (byte {exc.start}); save it as UTF-8") from None


def _wide_encoding(content: bytes) -> str | None:
    """UTF-16 or UTF-32, as PowerShell and spreadsheets write it, detected by the mark or the zero bytes."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "UTF-32"
    pair = content[:2]
    if pair in (b"\xff\xfe", b"\xfe\xff"):
        return "UTF-16" if len(content) > 2 else None
    return "UTF-16" if len(pair) == 2 and pair.strip(b"\0").isascii() and pair.count(0) == 1 else None


def parse_yaml(path: Path, text: str, loader: type[Loader] | None = None) -> Any:
    """Decode YAML.

    Args:
        path: Where it comes from, for messages.
        text: The document.
        loader: A loader that knows further tags.

    Raises:
        DocumentError: It is not YAML, or refers to more than can be held.
    """
    return _parsed(path, lambda: yaml.load(text, Loader=loader or Loader))  # noqa: S506 -- a safe one  # nosec B506


def parse_json(path: Path, text: str) -> Any:
    """Decode JSON.

    Args:
        path: Where it comes from, for messages.
        text: The document.

    Raises:
        DocumentError: It is not JSON, or a key appears twice in one object.
    """
    return _parsed(path, lambda: _parse_json(text))


def _parsed(path: Path, parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except DocumentError:
        raise
    except json.JSONDecodeError as exc:
        raise DocumentError(path, f"line {exc.lineno}: is not JSON: {exc.msg}") from None
    except yaml.MarkedYAMLError as exc:
        line = f"line {exc.problem_mark.line + 1}: " if exc.problem_mark else ""
        raise DocumentError(path, f"{line}is not YAML: {exc.problem or exc.context}") from None
    except yaml.YAMLError as exc:
        raise DocumentError(path, f"is not YAML: {' '.join(str(exc).split())}") from None
    except RecursionError:
        raise DocumentError(path, "is nested too deeply") from None
    except (AttributeError, LookupError, TypeError, ValueError) as exc:
        # PyYAML's constructors let the errors of what they call through: dates, numbers, odd tags.
        raise DocumentError(path, f"holds a value that cannot be read: {exc}") from None


def _parse_json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Counted in one pass: a file may have any number of keys.
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"the key '{twice}' appears twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON can express")


def written_scalar(path: Path, place: str) -> str | None:
    """Return the text of a plain scalar of a YAML file as it is written: `0x1F` for the number 31.

    Args:
        path: The file.
        place: Where it is, such as `frames[0].frame_id`.

    Returns:
        None if the file is not YAML, or has something else there.
    """
    if path.suffix.lower() not in YAML_SUFFIXES:
        return None
    try:
        node = yaml.compose(read_text(path, max_bytes=MAX_YAML_BYTES), Loader=Loader)
    except (DocumentError, yaml.YAMLError, RecursionError):
        return None
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", place):
        if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
        elif name and isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == name), None)
        else:
            return None
    return node.value if isinstance(node, yaml.ScalarNode) and node.style is None else None


class Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses keys that appear twice and aliases that explode.

    Plain scalars that YAML 1.1 and 1.2 read differently stay text, as they are written: `NO`, `on`, `0010`,
    `2026_03_01`, `12:30:15`, `2026-3-1`, `=`. Who means a number or a flag writes it so that every reader
    agrees.
    """

    def get_single_node(self) -> yaml.Node | None:
        """Compose the document, and see how large it is once every alias is what it stands for."""
        node = super().get_single_node()
        if node is not None:
            sizes: dict[int, int | None] = {}
            expanded = _expanded_size(node, sizes)
            if expanded - len(sizes) > _MAX_REPEATED:
                problem = "aliases repeat more than a million values"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key: Hashable = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key is not text", key_node.start_mark)
            if key in seen:
                problem = f"the key '{key}' appears twice in one object"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def _expanded_size(node: yaml.Node, sizes: dict[int, int | None]) -> int:
    """Number of values below and including a node; those known so far by the identity of their node."""
    known = sizes.get(id(node), 0)
    if known is None:
        raise yaml.constructor.ConstructorError(None, None, "an alias refers to itself", node.start_mark)
    if known:
        return known
    sizes[id(node)] = None
    size = 1
    if isinstance(node, yaml.SequenceNode):
        size += sum(_expanded_size(item, sizes) for item in node.value)
    elif isinstance(node, yaml.MappingNode):
        size += sum(_expanded_size(k, sizes) + _expanded_size(v, sizes) for k, v in node.value)
    sizes[id(node)] = size
    return size


def _merge_as_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return loader.construct_scalar(node)


# As a key `<<` merges before it is constructed; anywhere else it is a text.
Loader.add_constructor("tag:yaml.org,2002:merge", _merge_as_text)


def _agreed_scalars() -> None:
    """Replace the rules of YAML 1.1 on plain numbers, flags and times by those on which 1.2 agrees."""
    kept = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag in kept]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for tag, pattern, firsts in (
        ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
        ("int", r"^(?:[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+)$", "-+0123456789"),
        (
            "float",
            # The exponent's sign is what YAML 1.1 asks for; 1.2 takes it as well.
            r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
            "-+0123456789.",
        ),
    ):
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(firsts))


_agreed_scalars()
