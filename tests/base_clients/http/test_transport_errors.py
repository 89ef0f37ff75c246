"""What the exceptions of requests and urllib3 become; real ones where they can be provoked."""

from __future__ import annotations

import socket
import ssl

import pytest
import requests
from urllib3 import exceptions as urllib3

from kognic.base_clients import errors
from kognic.base_clients.http.transport_errors import is_transport_error, translate


def of_requests(url: str, **options: object) -> Exception:
    try:
        requests.get(url, timeout=0.2, **options)  # type: ignore[arg-type]
    except requests.RequestException as error:
        return error
    raise AssertionError("it worked")


def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def test_connection_refused() -> None:
    error = translate(of_requests(f"http://127.0.0.1:{unused_port()}"), method="GET", url="http://host/a")

    assert type(error) is errors.ConnectionFailedError
    assert str(error) == "GET http://host/a: no connection to host (Connection refused)"
    assert (error.sent, error.permanent) == (False, False)


def test_unknown_host() -> None:
    error = translate(of_requests("http://nowhere.invalid"), method="GET", url="http://nowhere.invalid/")
    assert not error.sent
    assert "no connection to nowhere.invalid" in str(error)


def test_proxy_that_is_not_there() -> None:
    failed = of_requests("http://host/", proxies={"http": f"http://127.0.0.1:{unused_port()}"})
    error = translate(failed, method="GET", url="http://host/")
    assert not error.sent
    assert "the proxy did not connect (Connection refused). Check HTTP_PROXY" in str(error)


CERTIFICATE = ssl.SSLCertVerificationError(1, "self-signed certificate")


@pytest.mark.parametrize(
    ("error", "kind", "sent", "permanent"),
    [
        (
            requests.ConnectionError(
                urllib3.MaxRetryError(None, "/a?sig=s", urllib3.NewConnectionError(None, "refused"))  # type: ignore[arg-type]
            ),
            errors.ConnectionFailedError,
            False,
            False,
        ),
        (
            requests.ConnectTimeout(
                urllib3.MaxRetryError(None, "/a?sig=s", urllib3.ConnectTimeoutError(None, "late"))  # type: ignore[arg-type]
            ),
            errors.ConnectTimedOutError,
            False,
            False,
        ),
        (requests.ReadTimeout("late"), errors.RequestTimeoutError, True, False),
        (urllib3.ReadTimeoutError(None, "/a", "late"), errors.RequestTimeoutError, True, False),  # type: ignore[arg-type]
        (
            requests.ConnectionError(urllib3.ReadTimeoutError(None, "/a", "late")),  # type: ignore[arg-type]
            errors.RequestTimeoutError,
            True,
            False,
        ),
        (TimeoutError("timed out"), errors.RequestTimeoutError, True, False),
        (
            requests.ConnectionError(urllib3.ProtocolError("aborted", ConnectionResetError(104, "reset"))),
            errors.ConnectionFailedError,
            True,
            False,
        ),
        (
            requests.exceptions.ChunkedEncodingError(urllib3.IncompleteRead(5, 10)),
            errors.ConnectionFailedError,
            True,
            False,
        ),
        (ConnectionResetError(104, "reset"), errors.ConnectionFailedError, True, False),
        (
            requests.exceptions.SSLError(
                urllib3.MaxRetryError(None, "/a", urllib3.SSLError(CERTIFICATE))  # type: ignore[arg-type]
            ),
            errors.ConnectionFailedError,
            False,
            True,
        ),
        (
            urllib3.ProxyError("no", OSError("Tunnel connection failed: 407 Auth")),
            errors.ConnectionFailedError,
            False,
            True,
        ),
        (
            urllib3.ProxyError("no", OSError("Tunnel connection failed: 503 Busy")),
            errors.ConnectionFailedError,
            False,
            False,
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_translate(
    error: Exception, kind: type[errors.ConnectionFailedError], sent: bool, permanent: bool
) -> None:
    assert is_transport_error(error)
    found = translate(error, method="PUT", url="https://host/a?***", seconds=60)

    assert type(found) is kind
    assert (found.sent, found.permanent) == (sent, permanent)
    assert "sig=s" not in str(found)
    assert str(found).startswith("PUT https://host/a?***: ")


def test_texts() -> None:
    late = translate(requests.ReadTimeout(), method="GET", url="u", seconds=60.0)
    assert str(late) == "GET u: no answer within 60 s"
    untrusted = translate(requests.exceptions.SSLError(CERTIFICATE), method="GET", url="https://host/a")
    assert "certificate of host is not trusted" in str(untrusted)
    assert "REQUESTS_CA_BUNDLE" in str(untrusted)


def test_failure_of_another_call_on_the_way() -> None:
    """When fetching the token fails, the call itself was not sent."""
    assert not translate(requests.ReadTimeout(), method="POST", url="u", elsewhere=True).sent


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.MissingSchema("u"),
        requests.exceptions.InvalidURL("u"),
        requests.HTTPError("404"),
        requests.TooManyRedirects("u"),
        urllib3.LocationParseError("u"),
        FileNotFoundError("ca.pem"),
        ValueError("x"),
        errors.ConnectionFailedError("ours already"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_about_the_connection(error: Exception) -> None:
    """Mistakes of the caller keep their own errors."""
    assert not is_transport_error(error)
