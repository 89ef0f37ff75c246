"""Reads what people write by hand: JSON and YAML, safely and strictly, with errors that name file and line.

Keys that appear twice are refused, because both libraries would silently drop the first, and so are numbers
that JSON cannot express. YAML is read by PyYAML's safe loader: data only, no objects.
"""

from __future__ import annotations

import json
import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from kognic.auth.errors import KognicError

YAML_SUFFIXES = (".yaml", ".yml")


class DocumentError(KognicError, ValueError):
    """A file that holds no readable JSON or YAML (`path`)."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem

    def __reduce__(self) -> tuple[Any, ...]:
        return DocumentError, (self.path, self.problem)


def read_document(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file, or a YAML file if its name ends in `.yaml` or `.yml`.

    Raises:
        DocumentError: The file is missing, unreadable, not text, or not JSON or YAML.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DocumentError(path, "there is no such file") from None
    except IsADirectoryError:
        raise DocumentError(path, "is a folder, not a file") from None
    except UnicodeDecodeError as exc:
        raise DocumentError(path, f"is not UTF-8 text (byte {exc.start})") from None
    except OSError as exc:
        raise DocumentError(path, f"cannot be read: {exc.strerror or exc}") from None
    try:
        return _parse_yaml(text) if path.suffix.lower() in YAML_SUFFIXES else _parse_json(text)
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
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' appears twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON can express")


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, which also refuses keys that appear twice."""

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


def _parse_yaml(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 -- a subclass of the safe loader  # nosec B506
