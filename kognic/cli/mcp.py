"""`kognic mcp`."""

from __future__ import annotations

import click

from kognic.cli.platform import Platform, platform_service


@click.command("mcp")
@click.option(
    "--root",
    "roots",
    metavar="FOLDER",
    multiple=True,
    help="Folder whose scene files may be read, or a URL such as s3://bucket/drives; repeatable. "
    "[default: none]",
)
@click.option("--allow-writes", is_flag=True, help="Offer tools that change the platform, too.")
@platform_service
def mcp(platform: Platform, roots: tuple[str, ...], allow_writes: bool) -> None:
    """Serve tools for assistants on standard input and output (Model Context Protocol).

    An assistant that starts this command can list projects, scenes, inputs and annotations, check and preview
    the scene files in the folders of --root, and plan their creation. Without --allow-writes nothing is
    changed on the platform; with it, every call that writes has to be confirmed.
    """
    from kognic.mcp.server import create_server

    create_server(lambda: platform.client, roots, allow_writes=allow_writes).run("stdio")
