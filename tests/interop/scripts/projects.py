"""Workspaces, projects, batches and requests."""

from __future__ import annotations

from tests.interop.scripts.session import BATCH, PROJECT, Session


def run(s: Session) -> None:
    client = s.client()
    s.note("inferred workspace", client.workspace_id)
    s.call("workspaces", client.workspace.get_workspaces)
    s.control("create_workspace", external_id="other", name="Other")
    s.control("create_workspace", external_id="read-only", roles=["viewer"])
    s.call("workspaces of a role", client.workspace.get_workspaces, roles=["viewer"])
    s.call("workspaces of any role", client.workspace.get_workspaces, roles=[])
    s.call("workspaces of organizations", client.workspace.get_workspaces, organization_ids=[1])
    s.call("workspaces of another organization", client.workspace.get_workspaces, organization_ids=[2])
    s.fails("several workspaces", lambda: s.client().workspace_id)

    project_id = s.control("create_project", external_id="cars", title="Cars", description="All of them")
    s.call("projects", client.project.get_projects)
    s.call("annotation types", client.project.get_annotation_types, PROJECT)
    s.call("annotation types of a batch", client.project.get_annotation_types, PROJECT, BATCH)
    s.call("batches", client.project.get_project_batches, PROJECT)
    s.call("no batches", client.project.get_project_batches, "cars")
    s.call("first batch", client.project.create_batch, "cars", "one")
    s.call(
        "next batch", client.project.create_batch, project="cars", batch="two", publish_previous_batches=True
    )
    s.call("batches after creation", client.project.get_project_batches, "cars")
    s.call("published", client.project.publish_batch, "cars", "two")
    s.fails("same batch", client.project.create_batch, "cars", "one")
    s.fails("unknown project", client.project.get_project_batches, "planes")
    s.fails("unknown batch", client.project.publish_batch, "cars", "three")

    request = s.control("create_request", project="cars", batch="one", title="Signs")
    found = client.request.get_requests(project_id=project_id)
    s.note("requests", [r for r in found if r.id == request])
    counted = client.request.get_requests(project_id=project_id, include_input_progress_counts=True)
    s.note("requests with counts", [r for r in counted if r.id == request])
