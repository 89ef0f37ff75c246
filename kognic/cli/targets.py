"""The `--target` option: where the inputs of a scene go."""

from __future__ import annotations

import click

from kognic.pipelines.bulk.items import Target

_KEYS = {
    "project": "project",
    "batch": "batch",
    "request": "request_uuid",
    "pre-annotation": "pre_annotation",
}


def parse_target(text: str) -> Target:
    """Read `KEY=VALUE` pairs with commas, such as `project=city,batch=week-3,pre-annotation=boxes.json`.

    Raises:
        ValueError: The text is something else, or names neither a project nor a request.
    """
    given: dict[str, str] = {}
    for part in text.split(","):
        key, separator, value = part.partition("=")
        if not separator or key.strip() not in _KEYS or not value:
            raise ValueError(
                f"{part!r} is not KEY=VALUE with one of {', '.join(_KEYS)}, "
                "as in project=city,batch=week-3,pre-annotation=boxes.json"
            )
        given[_KEYS[key.strip()]] = value.strip()
    target = Target(**given)
    if not target.wants_inputs:
        raise ValueError(f"{text!r} names neither a project nor a request")
    return target


def spelled(target: Target) -> str:
    """Write a target as the option takes it; of a pre-annotation that is no path, nothing can be written."""
    given = {name: getattr(target, field) for name, field in _KEYS.items()}
    return ",".join(f"{name}={value}" for name, value in given.items() if value is not None)


def _parse(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[Target, ...]:
    try:
        return tuple(map(parse_target, values))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx=ctx, param=param) from error


target_option = click.option(
    "--target",
    "targets",
    callback=_parse,
    multiple=True,
    metavar="KEY=VALUE,...",
    help="Create inputs here: project, batch, request and pre-annotation (a file beside the scene file), for "
    "example project=city,pre-annotation=boxes.json; repeat it for more than one target.",
)
