"""What may be shown of texts and URLs that hold secrets."""

from __future__ import annotations

import logging

import pytest
import rich.pretty
from hypothesis import given
from hypothesis import strategies as st

from kognic._core.redaction import (
    RedactingFormatter,
    Secret,
    every_query_hidden,
    opaque,
    protect_library_logs,
    redact,
    redact_url,
    without_passwords,
)
from tests.auth.auth_server import jwt


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://storage.googleapis.com/b/o.jpg?X-Goog-Algorithm=a&X-Goog-Signature=00ff",
            "https://storage.googleapis.com/b/o.jpg?***",
        ),
        ("https://b.s3.amazonaws.com/k?X-Amz-Security-Token=x", "https://b.s3.amazonaws.com/k?***"),
        ("https://s3/k?AWSAccessKeyId=x&Signature=y&Expires=1", "https://s3/k?***"),
        ("https://a.blob.core.windows.net/c/b?sv=2020&sig=x%3D", "https://a.blob.core.windows.net/c/b?***"),
        ("http://127.0.0.1:8000/_storage/x?signature=1", "http://127.0.0.1:8000/_storage/x?***"),
        ("https://h/p#access_token=x", "https://h/p#***"),
        ("http://user:pass@proxy:3128/", "http://***@proxy:3128/"),
        (
            "https://input.app.kognic.com/v1/x?cursorId=7&nextToken=a",
            "https://input.app.kognic.com/v1/x?cursorId=7&nextToken=a",
        ),
        ("https://h/p?designature=1", "https://h/p?designature=1"),
        ("v1/relative?sig=1", "v1/relative?***"),
        ("http://[broken", "***"),
        ("", ""),
    ],
)
def test_redact_url(url: str, shown: str) -> None:
    """Signed URLs lose their query, others keep it; passwords go always."""
    assert redact_url(url) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer S3CR3T-token",
        "{'Authorization': 'Basic UzNDUjNU=='}".replace("UzNDUjNU", "S3CR3T"),
        "grant_type=x&client_secret=S3CR3T&a=b",
        '{"client_secret": "S3CR3T\\" with quote", "clientSecret": "S3CR3T"}',
        "{'access_token': 'S3CR3T', 'refresh_token': b'S3CR3T'}",
        "accessToken = S3CR3T, password: S3CR3T",
        "GET https://x/y?a=1&sig=S3CR3T HTTP/1.1",
        "with url: /bucket/x?X-Goog-Signature=S3CR3T (Caused by",
        "proxy http://me:S3CR3T@proxy:1 is down",
        "proxy socks5://me:w@S3CR3T@proxy:1 is down",
        "No connection adapters were found for 'ftp://h/?sig=S3CR3T'",
        "MaxRetryError('https://x/y?Signature=S3CR3T')",
    ],
)
def test_redact(text: str) -> None:
    """Wherever the secret stands."""
    assert "S3CR3T" not in redact(text)
    assert "***" in redact(text)


def test_redact_recognises_tokens_by_their_shape() -> None:
    """Without anything that names them."""
    assert redact(f"got {jwt({'sub': 'x'})}!") == "got ***!"


@pytest.mark.parametrize(
    "text",
    [
        "GET https://x/y?cursorId=7 failed: 404",
        "token endpoint answered",
        "signature of the method",
        "a = b",
        "",
    ],
)
def test_redact_leaves_the_rest(text: str) -> None:
    """Messages stay readable."""
    assert redact(text) == text


@given(st.text(max_size=300))
def test_redact_takes_any_text(text: str) -> None:
    """And doing it twice changes nothing more."""
    once = redact(text)
    assert redact(once) == once


def test_secret_is_text_without_a_repr() -> None:
    """It compares and joins like any other."""
    secret = Secret("s3cr3t")
    assert repr({"a": secret}) == "{'a': '***'}"
    assert secret == "s3cr3t"
    assert f"{secret}" == "s3cr3t"


def test_the_beginning_of_a_secret_is_one() -> None:
    """Tracebacks of rich show long texts by their first eighty characters."""
    secret = Secret("s3cr3t" * 20)
    assert repr(secret[:80]) == "'***'"
    assert secret[:6] == "s3cr3t"
    assert "s3cr3t" not in rich.pretty.pretty_repr({"a": secret}, max_string=80)


def test_proxies_with_a_password_are_secrets() -> None:
    """Others may be shown."""
    proxies = without_passwords({"http": "http://me:s3cr3t@proxy:3128", "https": "http://proxy:3128"})
    assert repr(proxies) == "{'http': '***', 'https': 'http://proxy:3128'}"
    assert proxies["http"] == "http://me:s3cr3t@proxy:3128"
    assert without_passwords(None) == {}


def test_opaque_hides_arguments_and_frames() -> None:
    """The error of an inner call comes out with the frames of its callers only."""

    @opaque
    def function(secret: str) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong") as caught:
        function("s3cr3t")

    frames = []
    trace = caught.value.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame)
        trace = trace.tb_next
    assert [f.f_code.co_name for f in frames] == ["test_opaque_hides_arguments_and_frames", "call"]
    assert "s3cr3t" not in repr(frames[1].f_locals)


def test_queries_of_storage_are_hidden_whoever_signs(caplog: pytest.LogCaptureFixture) -> None:
    """A query that looks harmless elsewhere is a secret there; outside of the block it is shown again."""
    protect_library_logs()
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("urllib3.connectionpool")
    line = '%s://%s:%s "%s %s %s" %s %s', "https", "h", 443, "GET", "/x/y?page=2", "HTTP/1.1", 200, None
    with every_query_hidden():
        log.debug(*line)
        log.warning("Retrying after connection broken: /x/y?page=2")
    log.debug(*line)

    hidden, retried, shown = [record.getMessage() for record in caplog.records]
    assert '"GET /x/y?*** HTTP/1.1"' in hidden
    assert retried == "Retrying after connection broken: /x/y?***"
    assert '"GET /x/y?page=2 HTTP/1.1"' in shown


def test_library_logs_are_masked(caplog: pytest.LogCaptureFixture) -> None:
    """In arguments and in the text itself; what does not fit its format is left to logging."""
    protect_library_logs()
    caplog.set_level(logging.DEBUG)
    log = logging.getLogger("urllib3.connectionpool")
    log.debug('%s://%s:%s "%s %s %s" %s %s', "https", "h", 443, "GET", "/x?sig=s3cr3t", "HTTP/1.1", 200, None)
    log.warning("Retrying after connection broken: /x?Signature=s3cr3t")
    assert len(caplog.records) == 2
    assert "s3cr3t" not in caplog.text
    assert '"GET /x?***' in caplog.text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("urllib3.connection", "Failed to parse headers (url=http://h/a?page=1&Signature=s3cr3t): []"),
        ("httpcore.http11", "return_value=(b'', 302, b'', [(b'Location', b'https://h/a?sig=s3cr3t')])"),
    ],
)  # fmt: skip
def test_other_lines_of_libraries(name: str, line: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each logger that has something to tell of an address is covered."""
    protect_library_logs()
    caplog.set_level(logging.DEBUG)
    logging.getLogger(name).debug(line)
    assert "?***" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_formatter_masks_whole_lines() -> None:
    """Also what tracebacks say."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "client_secret=%s", ("s3cr3t",), None)
    assert RedactingFormatter("%(levelname)s: %(message)s").format(record) == "INFO: client_secret=***"
