"""The values of bulk runs: items, plans and results."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kognic.io.client import KognicIOClient
from kognic.io.errors import NotFoundError
from kognic.io.model.scene.cameras import Cameras, Frame
from kognic.io.model.scene.resources import Image
from kognic.io.resources.scene.file_data import FileData
from kognic.pipelines.bulk import (
    BulkItem,
    BulkResult,
    BulkRun,
    Journal,
    OnExisting,
    Plan,
    Stage,
    Summary,
    Target,
)
from kognic.pipelines.bulk.items import Namesakes
from tests.sandbox.protocol import jpeg


def scene(external_id: str = "e", data: FileData | None = None) -> Cameras:
    data = data or FileData(data=jpeg(), format=FileData.Format.JPG)
    return Cameras(external_id=external_id, frame=Frame(images=[Image(filename="a.jpg", file_data=data)]))


@pytest.mark.parametrize(
    ("target", "wants"),
    [
        (Target(), False),
        (Target(project="p"), True),
        (Target(project="p", batch="b"), True),
        (Target(request_uuid="r"), True),
    ],
)
def test_target_wants_inputs(target: Target, wants: bool) -> None:
    """Inputs are made as soon as a project or a request is named."""
    assert target.wants_inputs is wants


def test_target_is_one_thing() -> None:
    """A project and a request exclude each other, and a batch needs its project."""
    with pytest.raises(ValueError, match="'p' and request_uuid 'r' are both given"):
        Target(project="p", request_uuid="r")
    with pytest.raises(ValueError, match="batch 'b' is given without its project"):
        Target(batch="b")


def test_item_names() -> None:
    """An item goes by its key, else by its scene; so does its pre-annotation unless it has a name."""
    plain, keyed = BulkItem(scene=scene("s")), BulkItem(scene=scene("s"), key="k")
    named = BulkItem(scene=scene("s"), key="k", pre_annotation_external_id="boxes")

    assert [(i.external_id, i.name, i.pre_annotation_name) for i in (plain, keyed, named)] == [
        ("s", "s", "s"),
        ("s", "k", "k"),
        ("s", "k", "boxes"),
    ]


def test_item_files_and_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are known for bytes and files, not for callbacks; what is to be created makes the fingerprint."""
    callback = BulkItem(scene=scene(data=FileData(callback=lambda name: b"", format=FileData.Format.JPG)))
    monkeypatch.chdir(tmp_path)
    Path("a.jpg").write_bytes(b"12345")
    on_disk = BulkItem(scene=Cameras(external_id="e", frame=Frame(images=[Image(filename="a.jpg")])))

    assert BulkItem(scene=scene()).files() == {"a.jpg": len(jpeg())}
    assert callback.files() == {"a.jpg": None}
    assert on_disk.files() == {"a.jpg": 5}
    assert BulkItem(scene=scene()).digest() == BulkItem(scene=scene()).digest()
    digests = {i.digest() for i in (BulkItem(scene=scene()), BulkItem(scene=scene("f")), on_disk, callback)}
    assert len(digests) == 4


def test_stages_that_are_final() -> None:
    """A resumed run leaves alone what is done or skipped, and nothing else."""
    assert {stage for stage in Stage if stage.is_final} == {Stage.DONE, Stage.SKIPPED}


def test_summary_counts_from_many_threads() -> None:
    """Results are counted by status; files are counted by many threads at once."""
    summary = Summary()
    for stage in (Stage.DONE, Stage.DONE, Stage.SKIPPED, Stage.FAILED, Stage.COMMITTED):
        result = BulkResult(key="k", external_id="e", stage=stage)
        summary.count(result)
        assert result.ok is (stage in {Stage.DONE, Stage.SKIPPED})
    threads = [threading.Thread(target=lambda: [summary.add_file(3) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (summary.total, summary.done, summary.skipped, summary.failed, summary.unfinished) == (
        5,
        2,
        1,
        1,
        1,
    )
    assert (summary.files_sent, summary.bytes_sent) == (4000, 12000)


def test_forgotten_files_are_sent_again(tmp_path: Path) -> None:
    """When a scene is lost its files are struck out, and only its own."""
    with Journal(tmp_path / "j") as journal:
        for key in ("a", "b"):
            journal.enter(key, "digest", key)
            journal.file_stored(key, "x.jpg", 10)
        journal.forget_files("a")

        assert (journal.stored_files("a"), journal.stored_files("b")) == ({}, {"x.jpg": 10})


def test_plan_tells_without_creating(kognic_client: KognicIOClient) -> None:
    """A plan counts what is new, what is there and what is twice, and leaves the platform as it was."""
    there = kognic_client.cameras.create(scene("there"))
    assert there is not None
    items = [BulkItem(scene=scene(name)) for name in ("there", "new", "new")]

    with BulkRun(kognic_client, items, on_existing=OnExisting.SKIP) as run:
        plan = run.plan()

    assert isinstance(plan, Plan)
    assert (plan.total, plan.new, plan.finished, plan.begun, plan.files_of_unknown_size) == (3, 1, 0, 0, 0)
    assert dict(plan.existing) == {"there": (there.scene_uuid,)}
    assert plan.duplicates == ("new",)
    with pytest.raises(NotFoundError, match="new"):
        kognic_client.scene.get_scenes_by_external_ids(["new"])


@pytest.mark.parametrize(
    ("on_existing", "clashes"),
    [
        (OnExisting.SKIP, [None, "duplicate key 'a'", "items 'a' and 'b' of the run have", None, None]),
        (OnExisting.CREATE, [None, "duplicate key 'a'", None, None, None]),
    ],
)  # fmt: skip
def test_items_that_stand_for_the_same_thing(on_existing: OnExisting, clashes: list[str | None]) -> None:
    """By key, and by external id unless these may repeat; without one, items have nothing in common."""
    namesakes = Namesakes(on_existing)
    for (key, external_id), clash in zip(["ax", "ax", "bx", "c_", "d_"], clashes, strict=True):
        scene = Cameras(external_id=external_id.strip("_"), frame=Frame(images=[]))
        found = namesakes.clash(BulkItem(scene=scene, key=key))
        assert found is None if clash is None else str(found).startswith(clash)
