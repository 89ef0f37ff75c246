"""What the platform remembers, as tables. Rules about it live with the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from kognic.sandbox.platform.values import new_uuid, utc_now


class UtcTime(TypeDecorator[datetime]):
    """SQLite forgets time zones; everything here is UTC and says so."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The tables of the platform's database."""

    type_annotation_map = {datetime: UtcTime}


class Organization(Base):
    """A customer; users, workspaces and projects belong to one."""

    __tablename__ = "organizations"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class User(Base):
    """A person, or a program with credentials."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    is_staff: Mapped[bool] = mapped_column(default=False)


class ApiClient(Base):
    """Credentials of a user: the secret only as a hash."""

    __tablename__ = "api_clients"
    client_id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(JSON)
    expires: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)


class RefreshToken(Base):
    """A refresh token, only as a hash."""

    __tablename__ = "refresh_tokens"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("api_clients.client_id"))
    scope: Mapped[str]
    expires: Mapped[datetime]


class RevokedToken(Base):
    """An access token that is rejected although it has not expired."""

    __tablename__ = "revoked_tokens"
    token_id: Mapped[str] = mapped_column(primary_key=True)


class Workspace(Base):
    """What scenes and calibrations belong to."""

    __tablename__ = "workspaces"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    created: Mapped[datetime] = mapped_column(default=utc_now)
    organization: Mapped[Organization] = relationship()


class WorkspaceRole(Base):
    """What a user may do in a workspace."""

    __tablename__ = "workspace_roles"
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Calibration(Base):
    """Poses and lenses of sensors, by name."""

    __tablename__ = "calibrations"
    __table_args__ = (UniqueConstraint("workspace_id", "external_id"),)
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"))
    external_id: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    sensors: Mapped[dict[str, Any]] = mapped_column(JSON)


class Project(Base):
    """A container of annotation work."""

    __tablename__ = "projects"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    external_id: Mapped[str] = mapped_column(unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    title: Mapped[str]
    description: Mapped[str]
    status: Mapped[str] = mapped_column(default="active")
    created: Mapped[datetime] = mapped_column(default=utc_now)
    annotation_types: Mapped[list[str]] = mapped_column(JSON, default=list)


class Batch(Base):
    """A part of a project; it takes inputs while it is open."""

    __tablename__ = "batches"
    __table_args__ = (UniqueConstraint("project_number", "external_id"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    project_number: Mapped[int] = mapped_column(ForeignKey("projects.number"))
    external_id: Mapped[str]
    title: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    created: Mapped[datetime] = mapped_column(default=utc_now)
    updated: Mapped[datetime] = mapped_column(default=utc_now)
    annotation_types: Mapped[list[str]] = mapped_column(JSON, default=list)
    is_multi_sensor: Mapped[bool] = mapped_column(default=False)
    project: Mapped[Project] = relationship()
    requests: Mapped[list[Request]] = relationship(back_populates="batch", order_by="Request.number")


class Request(Base):
    """One annotation goal of a batch. `workflow` is None where no flexible workflow is configured."""

    __tablename__ = "requests"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    batch_number: Mapped[int] = mapped_column(ForeignKey("batches.number"), index=True)
    external_id: Mapped[str]
    title: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    annotation_types: Mapped[list[str]] = mapped_column(JSON, default=list)
    input_type: Mapped[str | None]
    workflow: Mapped[list[Any] | None] = mapped_column(JSON)
    batch: Mapped[Batch] = relationship(back_populates="requests")
    members: Mapped[list[RequestMember]] = relationship()


class RequestMember(Base):
    """A user who works on a request."""

    __tablename__ = "request_members"
    request_number: Mapped[int] = mapped_column(ForeignKey("requests.number"), primary_key=True)
    user_id: Mapped[int] = mapped_column(primary_key=True)
    responsibility: Mapped[str] = mapped_column(default="annotate")
    state: Mapped[str] = mapped_column(default="production")
    auto_assign: Mapped[bool] = mapped_column(default=False)


class Scene(Base):
    """A scene, or a UUID reserved for one (`status` is then `reserved`)."""

    __tablename__ = "scenes"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id"))
    external_id: Mapped[str] = mapped_column(default="", index=True)
    scene_type: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="reserved")
    created: Mapped[datetime] = mapped_column(default=utc_now)
    calibration_id: Mapped[str | None]
    error_message: Mapped[str | None]
    # A scene of 2,000 frames has a specification of megabytes: loaded only where it is used.
    specification: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, deferred=True)
    imu_resource: Mapped[str | None]
    imu_range: Mapped[list[Any] | None] = mapped_column(JSON)
    has_imu: Mapped[bool] = mapped_column(default=False)
    motion_compensation: Mapped[bool] = mapped_column(default=True)
    awaits_commit: Mapped[bool] = mapped_column(default=False)


class PreAnnotation(Base):
    """A document given with a scene; from the customer's cloud, `content` is None until it is imported."""

    __tablename__ = "pre_annotations"
    __table_args__ = (UniqueConstraint("scene_id", "external_id"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    scene_id: Mapped[str] = mapped_column(ForeignKey("scenes.id"), index=True)
    external_id: Mapped[str | None]
    status: Mapped[str]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    resource_uri: Mapped[str | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON, deferred=True)
    scene: Mapped[Scene] = relationship()


class Input(Base):
    """A scene placed in a request.

    `is_listed` is false until the scene is ready, `is_dispatched` until the order-execution service knows it.
    """

    __tablename__ = "inputs"
    __table_args__ = (Index("ix_inputs_request_scene", "request_number", "scene_id"),)
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    scene_id: Mapped[str] = mapped_column(ForeignKey("scenes.id"), index=True)
    request_number: Mapped[int] = mapped_column(ForeignKey("requests.number"))
    pre_annotation_id: Mapped[str | None]
    takes_latest_pre_annotation: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=utc_now)
    updated: Mapped[datetime] = mapped_column(default=utc_now)
    completed: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(default="not_started")
    is_listed: Mapped[bool] = mapped_column(default=False)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    is_dispatched: Mapped[bool] = mapped_column(default=False)
    shows_progress: Mapped[bool] = mapped_column(default=True)
    phase_index: Mapped[int] = mapped_column(default=0)
    action: Mapped[str | None]
    awaits_review: Mapped[bool] = mapped_column(default=False)
    review_loop: Mapped[str | None]
    last_annotation_id: Mapped[str | None]
    request: Mapped[Request] = relationship()
    scene: Mapped[Scene] = relationship()


class Task(Base):
    """A piece of work on an input."""

    __tablename__ = "tasks"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    input_id: Mapped[str] = mapped_column(ForeignKey("inputs.id"), index=True)
    task_type: Mapped[str]
    state: Mapped[str] = mapped_column(default="todo")
    assigned_user_id: Mapped[int | None]
    input: Mapped[Input] = relationship()


class Annotation(Base):
    """A delivered annotation, or the preliminary judgement of a task; the document is in storage."""

    __tablename__ = "annotations"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    input_id: Mapped[str] = mapped_column(ForeignKey("inputs.id"), index=True)
    is_preliminary: Mapped[bool]
    is_removed: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=utc_now)
    input: Mapped[Input] = relationship()


class Review(Base):
    """A judgement of an annotation; its feedback items are in `members`."""

    __tablename__ = "reviews"
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True, default=new_uuid)
    input_id: Mapped[str] = mapped_column(ForeignKey("inputs.id"), index=True)
    accepted: Mapped[bool]
    is_auto_review: Mapped[bool] = mapped_column(default=False)
    phase_id: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(default=utc_now)
    members: Mapped[list[Any]] = mapped_column(JSON, default=list)


class ErrorType(Base):
    """A kind of error that reviewers may report."""

    __tablename__ = "error_types"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    name: Mapped[str]
    pin_allowed: Mapped[bool] = mapped_column(default=True)
    object_allowed: Mapped[bool] = mapped_column(default=True)


class Dataset(Base):
    """Annotations to compare predictions with."""

    __tablename__ = "datasets"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    name: Mapped[str]
    is_segmentation: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class DatasetAnnotation(Base):
    """An annotation of a dataset."""

    __tablename__ = "dataset_annotations"
    number: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"), index=True)
    item: Mapped[dict[str, Any]] = mapped_column(JSON)


class PredictionsGroup(Base):
    """Predictions of one model for a dataset."""

    __tablename__ = "predictions_groups"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"), index=True)
    name: Mapped[str]
    description: Mapped[str]
    class_mapping: Mapped[list[Any] | None] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class Prediction(Base):
    """The prediction of a model for a scene."""

    __tablename__ = "predictions"
    id: Mapped[str] = mapped_column(primary_key=True, default=new_uuid)
    group_id: Mapped[str] = mapped_column(ForeignKey("predictions_groups.id"), index=True)
    scene_id: Mapped[str] = mapped_column(ForeignKey("scenes.id"))
    content: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    created: Mapped[datetime] = mapped_column(default=utc_now)


class QueryItem(Base):
    """A row of the query service; `kind` is `judgements` or `kpi`."""

    __tablename__ = "query_items"
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    item: Mapped[dict[str, Any]] = mapped_column(JSON)


class Secret(Base):
    """Keys that must outlive a restart."""

    __tablename__ = "secrets"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
