"""The tables of tools in docs/mcp.md; run this file to bring them up to date."""

from __future__ import annotations

import re
from pathlib import Path

from mcp.types import Tool

from kognic.io.client import KognicIOClient
from kognic.mcp.server import create_server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mcp.md"
_PLACE = re.compile(r"(<!--- tools: begin -->\n).*?(<!--- tools: end -->)", re.DOTALL)


async def tables() -> str:
    """A table of the tools that read, and one of those that write."""
    tools = await create_server(KognicIOClient, allow_writes=True).list_tools()
    parts = []
    for title, is_read in (("What it can read", True), ("What it can change, with `--allow-writes`", False)):
        rows = [
            _row(tool) for tool in tools if tool.annotations and tool.annotations.read_only_hint is is_read
        ]
        parts.append(
            "\n".join([f"### {title}", "", "| Tool | Arguments | Does |", "| --- | --- | --- |", *rows, ""])
        )
    return "\n".join(parts)


def _row(tool: Tool) -> str:
    required = tool.input_schema.get("required", [])
    names = [f"`{name}`" if name in required else f"[`{name}`]" for name in tool.input_schema["properties"]]
    paged = "[`offset`], [`limit`]"
    arguments = ", ".join(names).replace(paged, "pages")
    does = (tool.description or "").split("\n\n")[0].replace("\n", " ").replace("*", r"\*").strip()
    is_final = tool.annotations is not None and tool.annotations.destructive_hint
    return f"| `{tool.name}` | {arguments or 'none'} | {does}{' **Cannot be undone.**' if is_final else ''} |"


async def updated(text: str) -> str:
    """A page with the tables of today."""
    shown = await tables()
    return _PLACE.sub(lambda found: f"{found[1]}\n{shown}\n{found[2]}", text)


if __name__ == "__main__":
    import asyncio

    PAGE.write_text(asyncio.run(updated(PAGE.read_text("utf-8"))), "utf-8")
