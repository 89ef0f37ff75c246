"""Runs whose connections are lost: no address, no answer to a handshake, no trust in a certificate.

Everything passes a proxy, which the client knows by a name. A table says to which address the name leads.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme
from click.testing import CliRunner

from kognic.base_clients.errors import ConnectionFailedError, UploadError
from kognic.base_clients.http.outages import Patience
from kognic.cli.root import cli
from kognic.io.client import KognicIOClient
from kognic.pipelines.bulk import BulkItem, BulkResult, BulkRun, Journal, Stage, Target
from kognic.pipelines.export.annotations import export_annotations
from kognic.sandbox import Sandbox
from tests.fault_proxy import FaultProxy
from tests.io.resources.annotation.test_annotation import TYPE, deliver
from tests.io.resources.scenes import cameras_scene
from tests.pipelines.gate import Gate

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("impatient")]

SCENES = 8
NAME = "platform.example"
UNTRUSTED = rf"certificate of {re.escape(NAME)}:\d+ is not trusted"
QUICK = Patience(limit=20, first_wait=0.05, max_wait=0.1)


@attrs.define
class Line:
    """A client, and the way from it to a sandbox.

    Attributes:
        leads_to: What the name of the platform stands for, when a connection is made.
        trusted, untrusted: What a server shows that the client trusts, and one that it does not.
        bundle: The CA that the client trusts.
    """

    proxy: FaultProxy
    sandbox: Sandbox
    client: KognicIOClient
    leads_to: str
    trusted: ssl.SSLContext
    untrusted: ssl.SSLContext
    bundle: str

    @property
    def port(self) -> int:
        return int(self.proxy.url.rpartition(":")[2])


def context_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME).configure_cert(context)
    return context


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A sandbox behind TLS, its storage included."""
    look_up, authority = socket.getaddrinfo, trustme.CA()
    line: Line

    def addresses(host: Any, *args: Any, **options: Any) -> Any:
        return look_up(line.leads_to if host == NAME else host, *args, **options)

    monkeypatch.setenv("NO_PROXY", NAME)
    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    with FaultProxy(context=context_of(authority)) as proxy, authority.cert_pem.tempfile() as bundle:
        url = proxy.url.replace("127.0.0.1", NAME)
        with Sandbox(public_url=url) as sandbox:
            proxy.upstream = sandbox.url
            # The black hole must not keep the calls in flight for long.
            with sandbox.client(**dict.fromkeys(sandbox.hosts(), url), verify=bundle, timeout=1) as client:
                line = Line(
                    proxy,
                    sandbox,
                    client,
                    "127.0.0.1",
                    context_of(authority),
                    context_of(trustme.CA()),
                    bundle,
                )
                client.workspace_id  # noqa: B018 - looked up before the outage
                yield line


def items(number: int = SCENES) -> list[BulkItem]:
    return [BulkItem(scene=cameras_scene(f"s{n}")) for n in range(number)]


def assert_each_once(line: Line) -> None:
    names = Counter(scene["externalId"] for scene in line.sandbox.control.scenes())
    assert names == {f"s{n}": 1 for n in range(SCENES)}


@pytest.fixture
def black_hole(line: Line) -> Iterator[str]:
    """An address without any answer: the queue of its listener is full, so that the kernel drops packets."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.9", line.port))
        listener.listen(0)
        stack.enter_context(socket.create_connection(("127.0.0.9", line.port)))
        full = stack.enter_context(socket.socket())
        full.settimeout(0.2)
        with pytest.raises(TimeoutError):
            full.connect(("127.0.0.9", line.port))
        yield "127.0.0.9"


def outlasts(
    line: Line, tmp_path: Path, take_away: Callable[[], None], bring_back: Callable[[], None]
) -> None:
    """A run reports the outage once, and no scene fails."""
    gate = Gate(line.client, take_away, bring_back)
    with BulkRun(
        line.client, items(), target=Target(project="sandbox-project"), journal=tmp_path / "j",
        poll_interval=0.05, concurrency=3, patience=QUICK, on_notice=gate.notice,
    ) as run:  # fmt: skip
        results = []
        for result in run:
            results.append(result)
            gate.close()
    assert [result.error for result in results if not result.ok] == []
    gate.assert_reported_once()
    assert_each_once(line)
    assert len(line.sandbox.control.request_inputs()) == SCENES


def leads(line: Line, address: str) -> Callable[[], None]:
    return lambda: setattr(line, "leads_to", address)


def test_name_without_an_address(line: Line, tmp_path: Path) -> None:
    """The resolver says that there is no such host."""
    outlasts(line, tmp_path, leads(line, "no-such-host.invalid"), leads(line, "127.0.0.1"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have one loopback address, or refuse")
def test_black_hole(line: Line, black_hole: str, tmp_path: Path) -> None:
    """Packets are dropped."""
    outlasts(line, tmp_path, leads(line, black_hole), leads(line, "127.0.0.1"))


@pytest.mark.parametrize("kind", ["no TLS", "no common cipher"])
def test_handshake_that_fails(line: Line, tmp_path: Path, kind: str) -> None:
    """As while a gateway is being configured."""
    context = None
    if kind == "no common cipher":
        context = context_of(trustme.CA())
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("DHE-RSA-AES128-SHA")
    outlasts(
        line,
        tmp_path,
        lambda: setattr(line.proxy, "context", context),
        lambda: setattr(line.proxy, "context", line.trusted),
    )


def run_until_distrust(line: Line, client: KognicIOClient, journal: Path, given: list[BulkItem]) -> None:
    """Run until the error that ends it; the certificate changes after the first of many results."""
    results: list[BulkResult] = []
    if len(given) == 1:
        line.proxy.context = line.untrusted
    try:
        with BulkRun(
            client, given, journal=journal, poll_interval=0.05, concurrency=3, patience=QUICK, wait_timeout=20
        ) as run:
            for result in run:
                results.append(result)
                line.proxy.context = line.untrusted
    finally:
        line.proxy.context = line.trusted
        assert len(given) == 1 or results
        assert [result.error for result in results if not result.ok] == []
        with Journal(journal) as record:
            assert list(record.entries([Stage.FAILED])) == []


def test_certificate_that_is_not_trusted_any_more(line: Line, tmp_path: Path) -> None:
    """The run ends with one error, no item fails, and a later run resumes it."""
    with pytest.raises(ConnectionFailedError, match=UNTRUSTED):
        run_until_distrust(line, line.client, tmp_path / "j", items())
    with BulkRun(line.client, items(), journal=tmp_path / "j", poll_interval=0.05) as run:
        assert {result.stage for result in run} == {Stage.DONE}
    assert_each_once(line)


@pytest.mark.parametrize("number", [SCENES, 1])
def test_certificate_of_the_storage(line: Line, tmp_path: Path, number: int) -> None:
    """The same while the platform, at another address, answers; also if one scene is all that there is."""
    with line.sandbox.client(verify=line.bundle) as client:
        with pytest.raises(UploadError, match=UNTRUSTED):
            run_until_distrust(line, client, tmp_path / "j", items(number))
        with BulkRun(client, items(number), journal=tmp_path / "j", poll_interval=0.05) as run:
            assert {result.stage for result in run} == {Stage.DONE}


def test_export(line: Line, tmp_path: Path) -> None:
    """It ends with one error instead of one for each annotation, and keeps what it has."""
    for n in range(6):
        deliver(line.client, line.sandbox.control, f"a{n}")

    def export(**options: Any) -> Any:
        return export_annotations(
            line.client, "sandbox-project", tmp_path / "out", TYPE, workers=1, **options
        )

    with pytest.raises(ConnectionFailedError, match=UNTRUSTED):
        export(on_progress=lambda _: setattr(line.proxy, "context", line.untrusted))
    line.proxy.context = line.trusted
    report = export()
    assert (report.listed, report.failures) == (6, [])
    assert report.unchanged >= 1


def test_export_command(line: Line, tmp_path: Path) -> None:
    """It prints how to resume when nothing can be fetched, which a look-up does not show."""
    deliver(line.client, line.sandbox.control, "a")
    with line.sandbox.client() as client:  # trusts no storage
        command = [
            "annotation",
            "export",
            "sandbox-project",
            str(tmp_path / "out"),
            "--annotation-type",
            TYPE,
        ]
        result = CliRunner().invoke(cli, command, obj={"client": client})
    assert result.exit_code == 1
    assert "Run the same command again to download the missing annotations" in result.stderr
    assert re.search(UNTRUSTED, result.stderr)
