"""Clients that are constructed before they can be used: the first request fails, and says why."""

from __future__ import annotations

import pytest

from kognic.auth.errors import InsecureUrlError, NoCredentialsError
from kognic.io.client import KognicIOClient
from kognic.query.query_api_client import QueryApiClient

WORKSPACE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KOGNIC_CREDENTIALS", "KOGNIC_CLIENT_ID", "KOGNIC_CLIENT_SECRET", "KOGNIC_ALLOW_HTTP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("kognic.auth.credentials_parser.load_credentials", lambda _: None)


def test_without_credentials() -> None:
    """Tests and docs construct clients that never send anything."""
    with KognicIOClient(auth=None, write_workspace_id=WORKSPACE) as client:
        assert client.workspace_id == WORKSPACE
        with pytest.raises(NoCredentialsError, match="KOGNIC_CREDENTIALS is not set"):
            client.project.get_projects()


def test_credentials_that_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials are searched again at the first request; the refused host shows that they were found."""
    with KognicIOClient(auth_host="http://auth.example.com") as client:
        monkeypatch.setenv("KOGNIC_CLIENT_ID", "id")
        monkeypatch.setenv("KOGNIC_CLIENT_SECRET", "secret")
        with pytest.raises(InsecureUrlError, match=r"auth\.example\.com"):
            client.project.get_projects()


def test_plain_http_to_another_machine() -> None:
    """Nothing is sent there; the error says how to allow it."""
    host = "http://platform.example.com"
    with (
        KognicIOClient(auth=("id", "secret"), host=host, auth_host=host) as client,
        pytest.raises(InsecureUrlError, match="KOGNIC_ALLOW_HTTP=1"),
    ):
        client.project.get_projects()


def test_the_query_client() -> None:
    with QueryApiClient() as client, pytest.raises(NoCredentialsError):
        client.query_judgements()
