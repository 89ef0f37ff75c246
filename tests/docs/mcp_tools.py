"""The tables of tools in docs/mcp.md."""

from __future__ import annotations

import asyncio

from mcp.types import Tool

from kognic.io.client import KognicIOClient
from kognic.mcp.server import create_server
from tests.docs.generated import replaced, table


def page() -> str:
    """The page with a table of the tools that read, and one of those that write."""
    tools = asyncio.run(create_server(KognicIOClient, allow_writes=True).list_tools())
    parts = []
    for title, is_read in (("What it can read", True), ("What it can change, with `--allow-writes`", False)):
        rows = [
            _row(tool) for tool in tools if tool.annotations and tool.annotations.read_only_hint is is_read
        ]
        parts.append(f"### {title}\n\n{table('Tool', 'Arguments', 'Does', rows=rows)}")
    return replaced("mcp.md", "tools", "\n".join(parts))


def _row(tool: Tool) -> str:
    required = tool.input_schema.get("required", [])
    names = [f"`{name}`" if name in required else f"[`{name}`]" for name in tool.input_schema["properties"]]
    paged = "[`offset`], [`limit`]"
    arguments = ", ".join(names).replace(paged, "pages")
    does = (tool.description or "").split("\n\n")[0].replace("\n", " ").replace("*", r"\*").strip()
    is_final = tool.annotations is not None and tool.annotations.destructive_hint
    return f"| `{tool.name}` | {arguments or 'none'} | {does}{' **Cannot be undone.**' if is_final else ''} |"
