"""Which commands there are: the one table that a new command is added to.

A command is a click command or group named by `module:attribute`; its module is imported when it is used, so
that neither `--help` nor completion pays for what they do not run. The line of help stands here for the same
reason. A command below a group goes into `SUBCOMMANDS`.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """Where a command is.

    Attributes:
        target: `module:attribute`.
        help: One line for the list of commands.
        extra: The extra that has to be installed for it, if any.
    """

    target: str
    help: str
    extra: str | None = None


COMMANDS: dict[str, Entry] = {
    "annotation": Entry(
        "kognic.cli.annotation:annotation", "Download, check, compare and convert annotations."
    ),
    "auth": Entry(
        "kognic.cli.auth:auth", "Check your credentials, and show the user and workspaces they belong to."
    ),
    "batch": Entry("kognic.cli.project:batch", "List, create and publish the batches of a project."),
    "bulk": Entry("kognic.cli.bulk:bulk", "Create many scenes, in runs that can be stopped and resumed."),
    "calibration": Entry(
        "kognic.cli.calibration:calibration", "Create, show, check and convert calibrations."
    ),
    "check": Entry("kognic.cli.check:check", "Validate scenes and their files before you upload them."),
    "completion": Entry("kognic.cli.completion:completion", "Print a script that completes commands."),
    "init": Entry("kognic.cli.init:init", "Write a first scene file for a folder of files."),
    "import": Entry(
        "kognic.cli.recording_import:import_", "Make scene files of recordings in other formats."
    ),
    "input": Entry("kognic.cli.input:input_", "Place scenes in requests, and follow their progress."),
    "mcp": Entry("kognic.cli.mcp:mcp", "Serve tools for assistants (Model Context Protocol).", extra="mcp"),
    "pre-annotation": Entry("kognic.cli.pre_annotation:pre_annotation", "Add annotations to start from."),
    "preview": Entry(
        "kognic.cli.preview:preview", "Draw a scene offline: images with points, and a bird's-eye view."
    ),
    "project": Entry("kognic.cli.project:project", "List projects, and report their progress."),
    "request": Entry("kognic.cli.request:request", "List the requests of a project."),
    "review": Entry("kognic.cli.review:review", "Accept or reject annotations."),
    "sandbox": Entry(
        "kognic.cli.sandbox:sandbox", "Run a local platform for development and tests.", extra="sandbox"
    ),
    "scene": Entry("kognic.cli.scene:scene", "Create, list, show and clean up scenes."),
    "task": Entry("kognic.cli.task:task", "Assign tasks to annotators."),
    "view": Entry("kognic.cli.view:view", "Look at a scene in the browser, in 3D and through its cameras."),
    "workspace": Entry("kognic.cli.workspace:workspace", "List your workspaces."),
}

# Commands inside groups that live in modules of their own, by group.
SUBCOMMANDS: dict[str, dict[str, Entry]] = {
    "project": {
        "report": Entry("kognic.cli.project_report:report", "Report progress, shapes and points per class."),
    },
    "calibration": {
        "check": Entry("kognic.cli.calibration_files:check", "Check calibrations offline."),
        "convert": Entry("kognic.cli.calibration_files:convert", "Convert calibrations of other tools."),
        "diff": Entry("kognic.cli.calibration_estimate:diff", "Compare two calibrations."),
        "estimate": Entry(
            "kognic.cli.calibration_estimate:estimate", "Estimate a calibration from scenes that share it."
        ),
        "project": Entry("kognic.cli.calibration_files:project", "Project points into a camera's image."),
    },
    "sandbox": {
        "batch": Entry("kognic.cli.sandbox_create:batch", "Create batches.", extra="sandbox"),
        "organization": Entry(
            "kognic.cli.sandbox_create:organization", "Create organizations.", extra="sandbox"
        ),
        "project": Entry("kognic.cli.sandbox_create:project", "Create projects.", extra="sandbox"),
        "request": Entry("kognic.cli.sandbox_create:request", "Create requests.", extra="sandbox"),
        "user": Entry("kognic.cli.sandbox_create:user", "Create users with credentials.", extra="sandbox"),
        "workspace": Entry("kognic.cli.sandbox_create:workspace", "Create workspaces.", extra="sandbox"),
    },
    "annotation": {
        "convert": Entry(
            "kognic.cli.annotation_convert:convert", "Convert annotations to and from other formats."
        ),
        "diff": Entry("kognic.cli.annotation_files:diff", "Show what changed between two deliveries."),
        "export": Entry("kognic.cli.annotation_export:export", "Export all annotations of a project."),
        "merge": Entry("kognic.cli.annotation_files:merge", "Merge annotations of one scene."),
        "stats": Entry("kognic.cli.annotation_files:stats", "Count objects, geometry and points per class."),
        "table": Entry("kognic.cli.annotation_files:table", "Write annotations as Parquet tables."),
        "validate": Entry(
            "kognic.cli.annotation_files:validate", "Find annotations that are probably wrong."
        ),
    },
}

# Other names that are understood but not listed: most groups answer to the plural, too.
ALIASES: dict[str, str] = {
    **{
        f"{name}s": name
        for name in COMMANDS
        if name
        not in {
            "auth",
            "batch",
            "bulk",
            "check",
            "completion",
            "import",
            "init",
            "mcp",
            "preview",
            "sandbox",
            "view",
        }
    },
    "batches": "batch",
}
