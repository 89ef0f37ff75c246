"""Where the official client fails or is less precise than this one: the whole list.

The scripts note equal values with both clients, except for these.
"""

from __future__ import annotations

from tests.wire.comparison import NOTHING
from tests.wire.intended_differences import EVERYWHERE, Intended

# Scenes of which the official client leaves the files behind, and why.
NOT_UPLOADED = {
    "lidars_sequence": "It counts the files of such a scene as none, and gives up after creating the scene.",
}

OWN = (
    Intended(
        reason="kognic-io fails on every `lidars_sequence` scene, after the platform has created it.",
        place="lidars_sequence created*",
        cases=("scene_types",),
    ),
    Intended(
        reason="So there is nothing to compare with.",
        place="lidars_sequence *",
        cases=("scene_types",),
        recorded=NOTHING,
    ),
    Intended(
        reason="kognic-io does not know the types of scenes without cameras.",
        place="lidars summary.*",
        cases=("scene_types",),
    ),
    Intended(
        reason="The text says how many pre-annotations have that external ID.",
        place="none of that external id.message",
        cases=("pre_annotations",),
    ),
    Intended(
        reason="`input_uuid` of a result is the input's UUID; kognic-io puts the scene's there.",
        place="*.fields.input_uuid",
        cases=("bulk",),
    ),
    Intended(
        reason="A result names the input that was created,",
        place="* input is the result's",
        cases=("bulk",),
        recorded="false",
        ours="true",
    ),
    Intended(
        reason="and the pre-annotation, which kognic-io drops.",
        place="two*pre*annotation*",
        cases=("bulk",),
        when=lambda recorded, ours: not recorded and bool(ours),
    ),
    Intended(
        reason="A dry run of `create_inputs` crashes in kognic-io; here it yields nothing.",
        place="dry run*",
        cases=("bulk",),
    ),
    Intended(
        reason="Without `--external-ids`, the official command finds no inputs.",
        place="inputs --project sandbox-project --view.lines",
        cases=("utility",),
    ),
    Intended(
        reason="A WASM export that has the right name and is not a function crashes the official tool.",
        place="not a function",
        cases=("wasm",),
        recorded="AttributeError",
        ours="FunctionNotFoundError",
    ),
    Intended(
        reason="Credentials that are not JSON raise `CredentialsFormatError`, which is a `ValueError` too.",
        place="broken except",
        cases=("auth",),
        recorded="JSONDecodeError",
        ours="CredentialsFormatError",
    ),
    Intended(
        reason="`create_inputs` without scenes yields nothing; kognic-io crashes.",
        place="nothing*",
        cases=("bulk",),
    ),
)

EXPECTED = (*EVERYWHERE, *OWN)
