"""`kognic mcp` as an assistant's host starts it, and the SDK's client that talks to it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from kognic.sandbox import Sandbox
from kognic.sandbox.sample.drive import SampleDrive, write_sample_drive

Start = Callable[..., AbstractAsyncContextManager["Tools"]]


class Tools:
    """A connection; `answers` keeps everything that the server said."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.answers: list[str] = []

    async def raw(self, tool: str, **arguments: Any) -> Any:
        answer = await self.client.call_tool(tool, arguments)
        self.answers.append(answer.model_dump_json())
        return answer

    async def call(self, tool: str, **arguments: Any) -> Any:
        """The structured answer of a call that succeeds."""
        answer = await self.raw(tool, **arguments)
        assert not answer.is_error, answer.content
        return answer.structured_content

    async def refusal(self, tool: str, **arguments: Any) -> str:
        """The message of a call that is refused."""
        answer = await self.raw(tool, **arguments)
        assert answer.is_error, answer.content
        return str(answer.content[0].text)


@pytest.fixture
def start(kognic_sandbox: Sandbox) -> Start:
    """Start the server as the sandbox's user, with some options."""

    @asynccontextmanager
    async def started(*options: str) -> AsyncIterator[Tools]:
        command = str(Path(sys.executable).with_name("kognic"))
        server = StdioServerParameters(
            command=command, args=["mcp", *map(str, options)], env=kognic_sandbox.env()
        )
        async with Client(stdio_client(server)) as client:
            yield Tools(client)

    return started


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> SampleDrive:
    """A sample drive of two frames; only read."""
    return write_sample_drive(tmp_path_factory.mktemp("root") / "drive", frames=2)
