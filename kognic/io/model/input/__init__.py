"""Inputs: scenes placed in a request; and, below, deprecated names of scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic.auth._lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.input.input import Input
    from kognic.io.model.input.request_input import (
        CurrentTask,
        InputProgressDetails,
        Phase,
        PhaseAction,
        PhaseDefinition,
        RequestInput,
        RequestInputStatus,
        TaskType,
        WorkflowStage,
    )
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "CurrentTask": "kognic.io.model.input.request_input",
            "Input": "kognic.io.model.input.input",
            "InputProgressDetails": "kognic.io.model.input.request_input",
            "Phase": "kognic.io.model.input.request_input",
            "PhaseAction": "kognic.io.model.input.request_input",
            "PhaseDefinition": "kognic.io.model.input.request_input",
            "RequestInput": "kognic.io.model.input.request_input",
            "RequestInputStatus": "kognic.io.model.input.request_input",
            "TaskType": "kognic.io.model.input.request_input",
            "WorkflowStage": "kognic.io.model.input.request_input",
        },
    )

__all__ = [
    "CurrentTask",
    "Input",
    "InputProgressDetails",
    "Phase",
    "PhaseAction",
    "PhaseDefinition",
    "RequestInput",
    "RequestInputStatus",
    "TaskType",
    "WorkflowStage",
]
