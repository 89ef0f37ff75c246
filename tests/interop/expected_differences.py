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
        reason="The official client fails on every scene of this type, after the platform has created it.",
        place="lidars_sequence created*",
        cases=("scene_types",),
    ),
    Intended(
        reason="So there is nothing to read back.",
        place="lidars_sequence *",
        cases=("scene_types",),
        recorded=NOTHING,
    ),
    Intended(
        reason="The official client does not know the types of scenes without cameras.",
        place="lidars summary.*",
        cases=("scene_types",),
    ),
    Intended(
        reason="Says how many there are, whether that is none or several.",
        place="none of that external id.message",
        cases=("pre_annotations",),
    ),
    Intended(
        reason="A result names the input; the official client puts the uuid of the scene there.",
        place="*.fields.input_uuid",
        cases=("bulk",),
    ),
    Intended(
        reason="A result names the input that was made,",
        place="* input is the result's",
        cases=("bulk",),
        recorded="false",
        ours="true",
    ),
    Intended(
        reason="and the pre-annotation; the official client drops it.",
        place="two*pre*annotation*",
        cases=("bulk",),
        when=lambda recorded, ours: not recorded and bool(ours),
    ),
    Intended(
        reason="A dry run of bulk creation crashes in the official client; here it yields nothing.",
        place="dry run*",
        cases=("bulk",),
    ),
    Intended(
        reason="Without --external-ids the official command asks for inputs of no external id: none.",
        place="inputs --project sandbox-project --view.lines",
        cases=("utility",),
    ),
    Intended(
        reason="An export of the right name that is no function crashes the official tool.",
        place="not a function",
        cases=("wasm",),
        recorded="AttributeError",
        ours="FunctionNotFoundError",
    ),
    Intended(
        reason="A file that is not JSON is reported as invalid credentials, which is a ValueError as well.",
        place="broken except",
        cases=("auth",),
        recorded="JSONDecodeError",
        ours="CredentialsFormatError",
    ),
    Intended(
        reason="No scenes are no mistake; the official client crashes on them.",
        place="nothing*",
        cases=("bulk",),
    ),
)

EXPECTED = (*EVERYWHERE, *OWN)
