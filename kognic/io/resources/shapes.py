"""Shared by resources: small checks on arguments and responses, and deletion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from kognic.base_clients.errors import ModelValidationError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Operation


def listed(name: str, values: Sequence[str | UUID] | None) -> list[str] | None:
    """Return a list of IDs as text; reject a single one, as a string would be split into letters.

    Raises:
        ValueError: `values` is a string or a `UUID`.
    """
    if isinstance(values, (str, UUID)):
        raise ValueError(f"{name} is {values!r}, must be a list of texts")
    return None if values is None else [str(one) if isinstance(one, UUID) else one for one in values]


def text_id(name: str, value: str | UUID) -> str:
    """Return an ID as text; accepts a `UUID`.

    Raises:
        ValueError: It is empty, or of another type.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}, must be a UUID or a text that is not empty")
    return value


def expected(name: str, value: object, kind: type) -> None:
    """Check the type of a model argument before anything is sent.

    Raises:
        ValueError: `value` is not of that kind.
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name} is of type {type(value).__name__}, must be a {kind.__name__}")


def member_of(name: str, value: object, kind: type[Enum]) -> Any:
    """Return the wire value of an enum member, which can be passed as the member or its value.

    Raises:
        ValueError: The member does not exist.
    """
    try:
        return kind(value).value
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"{name} is {value!r}, must be one of {known}") from None


def items(answer: Any, operation: Operation) -> list[Any]:
    """Return a response that must be a list.

    Raises:
        ModelValidationError: It is not a list.
    """
    if not isinstance(answer, list):
        raise ModelValidationError(
            f"the answer to {operation} is {_outline(answer)}, not a list", path="data"
        )
    return answer


def member(answer: Any, key: str, operation: Operation) -> Any:
    """Return a required field of a response.

    Raises:
        ModelValidationError: The response is not an object, or lacks the field.
    """
    if not isinstance(answer, dict) or answer.get(key) is None:
        raise ModelValidationError(
            f"the answer to {operation} is {_outline(answer)}, without {key}", path=key
        )
    return answer[key]


def delete(client: HttpClient, operation: Operation, path: Mapping[str, str]) -> None:
    """Delete an object; a 404 of a retried deletion means that the first attempt succeeded.

    Raises:
        NotFoundError: The object does not exist.
    """
    try:
        client.call(operation, path, discard_response=True)
    except NotFoundError as exc:
        if not exc.maybe_done:
            raise


def _outline(answer: Any) -> str:
    if isinstance(answer, dict):
        return f"an object with the keys {sorted(answer)[:10]}"
    return "empty" if answer is None else f"a JSON {type(answer).__name__}"
