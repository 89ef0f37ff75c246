"""What varies between two runs, and the names that the recordings give to it.

`Placeholders` turns `<scene-1>` and the like into the values of this run, and the values of this run back
into names. Only the standard library is used: the same code runs under the interpreter of another client.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

# Names in angle brackets that are not uuids.
_OTHER_NAMES = ("base", "work", "now", "version", "http library")
_LABEL = re.compile(r"<([a-z][A-Za-z0-9.\-]*)>")
_TOKEN = re.compile(r"<token (\d+)>")
_VERSIONS = (
    (re.compile(r"(kognic-http_client/|kognic-io/)[0-9][\w.+-]*"), r"\1<version>"),
    (re.compile(r"(errors\.pydantic\.dev/)[0-9][\w.]*"), r"\1<version>"),
    (re.compile(r"^(?:python-requests|python-httpx|Authlib)/[\w.]+.*$"), "<http library>"),
)


class Placeholders:
    """Names <-> values, for one run of one case."""

    def __init__(self, case: dict[str, Any], base_url: str, workdir: Path) -> None:
        self.base_url = base_url
        self._workdir = str(workdir)
        self._labels: dict[str, str] = {}
        for label in _labels_in([case["requests"], case["outcome"]]):
            self.uuid(label)

    def uuid(self, label: str) -> str:
        """The fixed uuid that stands behind `<label>`."""
        value = str(uuid.uuid5(uuid.NAMESPACE_URL, f"wire/{label}"))
        self._labels[value] = label
        return value

    def expand(self, value: Any) -> Any:
        """Put this run's values in the place of the names."""
        if isinstance(value, dict):
            return {self.expand(k): self.expand(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.expand(v) for v in value]
        if not isinstance(value, str):
            return value
        value = value.replace("<base>", self.base_url).replace("<work>", self._workdir)
        value = _TOKEN.sub(lambda m: token_text(int(m[1])), value)
        return _LABEL.sub(lambda m: m[0] if m[1] in _OTHER_NAMES else self.uuid(m[1]), value)

    def name(self, value: Any) -> Any:
        """Put the names in the place of this run's values."""
        if isinstance(value, dict):
            return {self.name(k): self.name(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.name(v) for v in value]
        if not isinstance(value, str):
            return value
        value = value.replace(self.base_url, "<base>").replace(self._workdir, "<work>")
        for known, label in self._labels.items():
            value = value.replace(known, f"<{label}>")
        value = re.sub(r"access-token-(\d+)", r"<token \1>", value)
        for pattern, replacement in _VERSIONS:
            value = pattern.sub(replacement, value)
        return value


def token_text(number: int) -> str:
    """The text of the access token that the stand-in hands out as its `number`th."""
    return f"access-token-{number}"


def _labels_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_labels_in(k) | _labels_in(v) for k, v in value.items()))
    if isinstance(value, list):
        return set().union(*(_labels_in(v) for v in value))
    if not isinstance(value, str):
        return set()
    return set(_LABEL.findall(value)) - set(_OTHER_NAMES)
