"""The settings of a sandbox. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

# Files in the sandbox's folder, readable by their owner only.
CREDENTIALS_FILE = "credentials.json"
CONTROL_TOKEN_FILE = "control-token"  # noqa: S105 - the name of a file  # nosec B105


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one sandbox.

    Attributes:
        root: Folder of the database, the stored files and the keys.
        public_url: Base URL put into signed URLs; None takes the host that the caller used.
        allowed_hosts: Host names that callers may use besides `localhost`, IP addresses and the name in
            `public_url`, such as the name of a container; requests for other names are rejected (421).
        token_lifetime: Lifetime of access tokens, seconds.
        refresh_token_lifetime: Lifetime of refresh tokens, seconds; 0 issues none.
        url_lifetime: Lifetime of signed URLs, seconds.
        processing_delay: Seconds before a committed scene or an uploaded pre-annotation is processed.
        propagation_delay: Seconds before a new input is known to the order-execution service.
        scene_visibility_delay: Seconds after its creation, and again after its commit, in which a scene can
            neither be queried nor invalidated (404).
        request_delay: Seconds before the request of a batch that was created through the API appears.
        pre_annotation_delay: Seconds that the platform processes a pre-annotation, beyond `processing_delay`:
            half of them it is `created`, then `processing`.
        underscored_statuses: Write `pending_for_scene` for `pending-for-scene`; the real platform does both.
        workers: Threads that process scenes.
        strict_cloud: Resources in a customer's cloud that the sandbox has not been given with
            `Control.put_cloud_file` let a scene or pre-annotation fail; otherwise they count as valid.
        page_size: Items on a page of lists whose page size the caller cannot choose.
        max_body: Largest JSON body accepted, bytes.
        max_upload: Largest file accepted, bytes.
        recorded_calls: How many calls are remembered for `Control.calls`.
        sunset_dates: `METHOD /template` to the text sent as the `sunset-date` header of its answers.
    """

    root: Path
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    token_lifetime: float = 3600
    # A month. The platform's is not published; tests set short ones.
    refresh_token_lifetime: float = 30 * 24 * 3600
    url_lifetime: float = 3600
    processing_delay: float = 0
    propagation_delay: float = 0
    scene_visibility_delay: float = 0
    request_delay: float = 0
    pre_annotation_delay: float = 0
    underscored_statuses: bool = False
    workers: int = 2
    strict_cloud: bool = False
    page_size: int = 1000
    max_body: int = 256 * 1024 * 1024
    # 64 GiB: storage takes objects of terabytes, but a disk of a developer does not.
    max_upload: int = 64 * 1024**3
    # A choice: a test makes some thousands; the oldest are dropped, so that a sandbox can run for months.
    recorded_calls: int = 100_000
    sunset_dates: dict[str, str] = field(default_factory=dict)

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return the names that a caller may set, that is all but the folder."""
        return frozenset(f.name for f in fields(cls)) - {"root"}

    @classmethod
    def of(cls, root: Path, values: dict[str, Any]) -> Settings:
        """Make settings of keyword arguments.

        Raises:
            TypeError: A name is not a setting; the message lists those that are.
        """
        unknown = set(values) - cls.names()
        if unknown:
            known = ", ".join(sorted(cls.names()))
            raise TypeError(f"unknown sandbox setting {', '.join(sorted(unknown))}; known: {known}")
        return cls(root=root, **values)


@dataclass(kw_only=True)
class Tuning:
    """The part of the settings that can be changed while the sandbox runs; seconds."""

    token_lifetime: float
    refresh_token_lifetime: float
    url_lifetime: float
    processing_delay: float
    propagation_delay: float
    scene_visibility_delay: float
    request_delay: float
    pre_annotation_delay: float

    @classmethod
    def of(cls, settings: Settings) -> Tuning:
        """Take the part of the settings that can be changed."""
        return cls(**{f.name: getattr(settings, f.name) for f in fields(cls)})

    def update(self, **seconds: float) -> None:
        """Change some; raises `ValueError` for a negative time and `TypeError` for an unknown name."""
        for name, value in replace(self, **seconds).__dict__.items():
            if value < 0:
                raise ValueError(f"{name} is {value}, must not be negative")
            setattr(self, name, float(value))
