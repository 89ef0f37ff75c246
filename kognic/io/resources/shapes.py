"""What several resources need: small checks on arguments and answers, and deleting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from kognic.base_clients.errors import ModelValidationError, NotFoundError
from kognic.base_clients.http.client import HttpClient
from kognic.base_clients.http.operations import Operation


def listed(name: str, values: Sequence[str] | None) -> list[str] | None:
    """Make a list of ids; a single text is a mistake that would be taken apart into letters.

    Raises:
        ValueError: `values` is a text.
    """
    if isinstance(values, str):
        raise ValueError(f"{name} is {values!r}, must be a list of texts")
    return None if values is None else list(values)


def text_id(name: str, value: str | UUID) -> str:
    """The text of an id, which may be given as a `UUID`.

    Raises:
        ValueError: It is empty, or something else.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}, must be a UUID or a text that is not empty")
    return value


def expected(name: str, value: object, kind: type) -> None:
    """Refuse an argument that is no model before anything is sent.

    Raises:
        ValueError: `value` is not of that kind.
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name} is of type {type(value).__name__}, must be a {kind.__name__}")


def member_of(name: str, value: object, kind: type[Enum]) -> Any:
    """The wire value of an enumeration's member, given as the member or by value.

    Raises:
        ValueError: There is no such member.
    """
    try:
        return kind(value).value
    except ValueError:
        known = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"{name} is {value!r}, must be one of {known}") from None


def items(answer: Any, operation: Operation) -> list[Any]:
    """Take an answer as the list that it must be.

    Raises:
        ModelValidationError: It is none.
    """
    if not isinstance(answer, list):
        raise ModelValidationError(
            f"the answer to {operation} is {_outline(answer)}, not a list", path="data"
        )
    return answer


def member(answer: Any, key: str, operation: Operation) -> Any:
    """Take a required member of an answer.

    Raises:
        ModelValidationError: The answer is not an object, or has no such member.
    """
    if not isinstance(answer, dict) or answer.get(key) is None:
        raise ModelValidationError(
            f"the answer to {operation} is {_outline(answer)}, without {key}", path=key
        )
    return answer[key]


def delete(client: HttpClient, operation: Operation, path: Mapping[str, str]) -> None:
    """Delete something; that a repeated deletion finds it gone means that the first one succeeded.

    Raises:
        NotFoundError: There is no such thing.
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
