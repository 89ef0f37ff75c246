"""The error table, what each error also is, and what its text says."""

from __future__ import annotations

import json
import pickle

import pytest
import requests

from kognic._core.errors import KognicError
from kognic.base_clients import errors


def response_of(status: int, body: bytes = b"", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.reason = "Reason"
    response.url = "https://host/path"
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    response._content = body
    response.request = requests.Request(
        "GET", response.url, headers={"Authorization": "Bearer abc"}
    ).prepare()
    return response


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (429, errors.RateLimitedError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
        (418, errors.ApiError),
        (302, errors.ApiError),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[errors.ApiError]) -> None:
    error = errors.api_error(response_of(status), method="GET", url="u")

    assert type(error) is kind
    assert isinstance(error, requests.HTTPError)
    assert isinstance(error, KognicError)
    assert error.response.status_code == error.status_code == status


@pytest.mark.parametrize(
    ("kind", "official"),
    [
        (errors.BadRequestError, RuntimeError),
        (errors.ConnectionFailedError, requests.ConnectionError),
        (errors.RequestTimeoutError, requests.ReadTimeout),
        (errors.ConnectTimedOutError, requests.ConnectTimeout),
        (errors.StalledTransferError, requests.Timeout),
        (errors.ResponseDecodeError, requests.exceptions.JSONDecodeError),
        (errors.RequestBodyError, requests.exceptions.InvalidJSONError),
        (errors.AmbiguousWriteError, requests.RequestException),
        (errors.UploadError, requests.RequestException),
        (errors.UploadCallbackError, RuntimeError),
        (errors.ModelValidationError, ValueError),
        (errors.MissingFileError, KognicError),
    ],
)
def test_errors_are_what_users_catch_today(kind: type[Exception], official: type[Exception]) -> None:
    assert issubclass(kind, official)
    assert issubclass(kind, KognicError)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"message": "No such thing", "more": 1}', "No such thing"),
        (b'{"message": "", "more": 1}', "{'message': '', 'more': 1}"),
        (b'{"error": "x"}', "{'error': 'x'}"),
        (b'["a", {"b": null}]', "['a', {'b': None}]"),
        (b'"only text"', "only text"),
        (b"<html>gateway</html>", "<html>gateway</html>"),
        (b"", ""),
        (b"\xff\xfe broken", None),
        (json.dumps({"message": "x" * 501}).encode(), "x" * 500 + "..."),
        (json.dumps({"message": "x" * 500}).encode(), "x" * 500),
    ],
)
def test_text_of_an_error_response(body: bytes, text: str | None) -> None:
    """`message` if there is one, else the JSON, else the text; cut at 500 characters."""
    found = errors.error_text(response_of(500, body))

    assert isinstance(found, str)
    assert text is None or found == text


def test_classic_text_and_attributes() -> None:
    response = response_of(404, b'{"message": "No annotation"}', X_Request_Id="r-1")
    error = errors.api_error(response, method="GET", url="https://host/path")

    assert str(error) == (
        "404 Client Error: Reason for url: https://host/path\nGot error in response: 'No annotation'"
    )
    assert (error.message, error.method, error.url, error.request_id) == (
        "No annotation",
        "GET",
        "https://host/path",
        "r-1",
    )


def test_bad_request_is_a_runtime_error_with_the_explanation_alone() -> None:
    """As in the official client: one argument, and the HTTPError as its cause."""
    error = errors.api_error(
        response_of(400, b'{"message": "Wrong"}'), method="POST", url="https://host/path"
    )

    assert isinstance(error, RuntimeError)
    assert error.args == ("Wrong",)
    assert isinstance(error.__cause__, requests.HTTPError)
    assert error.__cause__.response.json() == {"message": "Wrong"}


def test_an_error_holds_no_token() -> None:
    response = response_of(401)
    response.history = [response_of(302)]
    error = errors.api_error(response, method="GET", url="u")

    sent = [error.response.request, *(answer.request for answer in error.response.history)]
    assert not any("Authorization" in request.headers for request in sent)


def test_missing_file_says_what_is_wrong() -> None:
    assert str(errors.MissingFileError("a.jpg")) == "Local file is missing: a.jpg"
    assert errors.MissingFileError("a.jpg", True).to_string() == "Local file contains no data: a.jpg"
    assert errors.MissingFileError("a.jpg").filename == "a.jpg"


def test_no_response_says_how_often_it_was_tried() -> None:
    error = errors.ConnectionFailedError("GET x: no connection", sent=False)
    error.attempts = 3

    assert str(error) == "GET x: no connection; tried 3 times"


ROUND_TRIPS = [
    errors.api_error(response_of(404, b"{}"), method="GET", url="u"),
    errors.api_error(response_of(400, b"{}"), method="GET", url="u"),
    errors.ConnectionFailedError("text", sent=False, permanent=True),
    errors.ConnectTimedOutError("text", sent=False),
    errors.ResponseDecodeError("text", "", 0),
    errors.AmbiguousWriteError("text", operation="POST x"),
    errors.UploadError("text", resource_id="a", cause=ValueError("b"), not_started=["c"]),
    errors.UploadCallbackError("text", resource_id="a", cause=ValueError("b")),
    errors.MissingFileError("a", True),
    errors.ModelValidationError("text", path="a.b"),
]


@pytest.mark.parametrize("error", ROUND_TRIPS, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: Exception) -> None:
    """They cross process boundaries in executors."""
    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy).keys() == vars(error).keys()
