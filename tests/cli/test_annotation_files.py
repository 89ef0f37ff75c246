"""`kognic annotation stats`, `validate`, `diff`, `merge` and `table`."""

from __future__ import annotations

import base64
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kognic.annotations.document import Document
from kognic.annotations.labels import object_uuid
from kognic.annotations.reading import read_document
from kognic.annotations.segmentation import segmentation_document
from kognic.annotations.tables import from_tables, read_tables
from kognic.cli.root import cli
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.viewer.packing import unpack
from tests.annotations.scenes import box, car, document, drive

SEGMENTATION = "5d457588-d6d4-5e91-af4b-ed92c1a24895"


def run(*arguments: object, status: int = 0) -> Result:
    """Run a command without credentials or network."""
    result = CliRunner().invoke(cli, ["annotation", *map(str, arguments)])
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.fixture
def save(tmp_path: Path) -> Any:
    """Write a document into a file."""

    def write(name: str, given: Document) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(given.plain))
        return path

    return write


def test_stats_of_a_folder(save: Any, tmp_path: Path) -> None:
    """A row per class; --json has histograms."""
    save("in/a.json", document([*drive(), car("f0", "van", class_name="Van")]))
    save("in/b.json", document(drive()))
    found = run("stats", tmp_path / "in")
    assert [line.rstrip() for line in found.stdout.splitlines()] == [
        "class   objects   frames   cuboid",
        "─────────────────────────────────",
        "Car           2        6        6",
        "Van           1        1        1",
        "",
        "Mean size and distance of cuboids",
        "class   length (m)   width (m)   height (m)   distance (m)",
        "──────────────────────────────────────────────────────────",
        "Car            4.0         2.0          1.5           11.0",
        "Van            4.0         2.0          1.5           10.0",
    ]
    assert found.stderr == "documents: 2, frames: 6, invalid geometries: 0\n"
    as_json = json.loads(run("stats", tmp_path / "in", "--json").stdout)
    assert as_json["classes"]["Car"]["length"]["bins"] == {"4": 6}


def test_stats_of_what_is_no_annotation(tmp_path: Path) -> None:
    """One line, no traceback."""
    (tmp_path / "a.json").write_text('{"shapes": 1}')
    found = run("stats", tmp_path / "a.json", status=1)
    assert found.stderr.startswith("kognic: error: ")
    assert "a.json is not OpenLABEL: it has no key 'openlabel', but shapes" in found.stderr


def test_validate_finds_duplicates(save: Any) -> None:
    """Warnings do not fail unless asked to; rules can be left out."""
    path = save("a.json", document([car("f0"), car("f0", "b")]))
    found = json.loads(run("validate", path, "--format", "json").stdout)
    assert [finding["code"] for finding in found["scenes"][0]["findings"]] == ["an-duplicate"]
    run("validate", path, "--fail-on", "warning", status=1)
    run("validate", path, "--fail-on", "warning", "--ignore", "an-duplicate")
    wrong = run("validate", path, "--ignore", "an-dup", status=2)
    assert "there is no rule 'an-dup'" in wrong.stderr
    wrong = run("validate", path, "--ignore", "an_duplicate", status=2)
    assert "there is no rule 'an_duplicate', did you mean 'an-duplicate'?" in wrong.stderr


@pytest.mark.parametrize("form", ["sarif", "html", "table"])
def test_validate_in_every_form(save: Any, tmp_path: Path, form: str) -> None:
    """The rule's code is in each."""
    path = save("a.json", document([car("f0"), car("f0", "b")]))
    run("validate", path, "--format", form, "--output", tmp_path / "report")
    assert "an-duplicate" in (tmp_path / "report").read_text()


@pytest.mark.slow
def test_validate_against_a_scene(tmp_path: Path) -> None:
    """The sample drive's own labels hold points and fit its images; moved ones do not."""
    sample = write_sample_drive(tmp_path / "drive", frames=2)
    scene = sample.folder / "scene.json"
    plain = json.loads((sample.folder / "pre_annotation.json").read_text())
    good = tmp_path / "good.json"
    good.write_text(json.dumps(plain))
    found = json.loads(run("validate", good, "--scene", scene, "--format", "json").stdout)
    assert found["scenes"][0]["facts"]["frames matched"] == 2
    assert found["scenes"][0]["findings"] == []
    for geometry in Document.of(plain).geometries(("cuboid",)):
        geometry.val[2] += 30
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(plain))
    found = json.loads(run("validate", bad, "--scene", scene, "--format", "json").stdout)
    codes = {finding["code"] for finding in found["scenes"][0]["findings"]}
    assert "an-cuboid-empty" in codes


def test_diff_of_two_files(save: Any, tmp_path: Path) -> None:
    """As table, JSON and HTML; the exit status tells whether anything changed."""
    before = save("before.json", document(drive()))
    after = save("after.json", document([car("f0", y=0.25), *drive()[1:]]))
    found = run("diff", before, after, "--exit-code", status=1)
    assert found.stdout.splitlines()[2].split()[:7] == ["f0", "moved", "Car", "cuboid", "ROOF", "0.250", "m"]
    assert found.stderr == "before.json to after.json: 1 moved\n"
    run("diff", before, before, "--exit-code")
    run("diff", before, after, "--position", "0.3", "--exit-code")
    as_json = json.loads(run("diff", before, after, "--format", "json").stdout)
    (changes,) = as_json.values()
    assert changes["differences"][0]["object_id"] == object_uuid("car")
    run("diff", before, after, "--format", "html", "--output", tmp_path / "diff.html")
    assert "<td>moved</td>" in (tmp_path / "diff.html").read_text()


def test_diff_in_the_viewer(tmp_path: Path) -> None:
    """Both documents are layers of one page; a page without a file makes no sense."""
    if not (files("kognic.viewer") / "static" / "viewer.js.gz").is_file():
        pytest.skip("this installation was built without the viewer")
    sample = write_sample_drive(tmp_path / "drive", frames=1)
    before, scene = sample.pre_annotation_file, sample.scene_file
    plain = json.loads(before.read_text())
    for geometry in Document.of(plain).geometries(("cuboid",)):
        geometry.val[0] += 1
    after = tmp_path / "after.json"
    after.write_text(json.dumps(plain))
    page = tmp_path / "page.html"
    run("diff", before, after, "--scene", scene, "--format", "html", "--output", page)
    packets = re.findall(r'<script type="[^"]*"[^>]*>\s*([A-Za-z0-9+/=\s]{100,})</script>', page.read_text())
    head, _ = unpack(base64.b64decode(packets[0]))
    assert [layer["name"] for layer in head["layers"]] == ["before", "after"]
    stopped = run("diff", before, after, "--scene", scene, status=2)
    assert "--scene needs two files, --format html and --output." in stopped.stderr


def test_diff_of_two_folders(save: Any, tmp_path: Path) -> None:
    """Documents are paired by name; one that is gone has lost its objects."""
    for folder, y in (("old", 0.0), ("new", 0.25)):
        save(f"{folder}/a.json", document([car("f0", y=y)]))
    save("old/gone.json", document(drive()))
    found = json.loads(run("diff", tmp_path / "old", tmp_path / "new", "--format", "json").stdout)
    assert found["a.json"]["counts"] == {"moved": 1}
    assert found["gone.json"]["counts"] == {"removed": 1}


def test_diff_of_two_exports(save: Any, tmp_path: Path) -> None:
    """Documents of exports are paired by scene and type: their file names change with each delivery."""
    for folder, y in (("old", 0.0), ("new", 0.25)):
        save(f"{folder}/annotations/{folder}.json", document([car("f0", y=y)]))
        entry = {"scene_uuid": "s", "annotation_type": "cuboids", "file": f"annotations/{folder}.json"}
        (tmp_path / folder / "manifest.jsonl").write_text(json.dumps(entry) + "\n")
    found = json.loads(run("diff", tmp_path / "old", tmp_path / "new", "--format", "json").stdout)
    assert {name: changes["counts"] for name, changes in found.items()} == {
        "scene s, annotation type cuboids": {"moved": 1}
    }
    printed = run("diff", tmp_path / "old", tmp_path / "new").stderr
    assert printed.endswith("scene s, annotation type cuboids: 1 moved\n")
    with (tmp_path / "new" / "manifest.jsonl").open("w") as file:
        file.write(json.dumps({**entry, "cuboids": "iso8855"}) + "\n")
    refused = run("diff", tmp_path / "old", tmp_path / "new", status=1).stderr
    assert "was exported with ISO 8855 cuboids" in refused


def test_diff_of_types_whose_names_begin_alike(save: Any, tmp_path: Path) -> None:
    """They are types of their own, in whatever order the platform lists them."""
    for folder, y, types in (("old", 0.0, ("signs", "signs-left")), ("new", 0.25, ("signs-left", "signs"))):
        entries = []
        for name in types:
            save(f"{folder}/{name}.json", document([car("f0", y=y if name == "signs" else 0.0)]))
            entries.append({"scene_uuid": "s", "annotation_type": name, "file": f"{name}.json"})
        (tmp_path / folder / "manifest.jsonl").write_text("".join(f"{json.dumps(e)}\n" for e in entries))
    found = json.loads(run("diff", tmp_path / "old", tmp_path / "new", "--format", "json").stdout)
    assert {name: changes["counts"] for name, changes in found.items()} == {
        "scene s, annotation type signs": {"moved": 1},
        "scene s, annotation type signs-left": {},
    }


def test_merge(save: Any, tmp_path: Path) -> None:
    """Cuboids and segmentation; conflicts stop, or are listed."""
    cuboids = save("cuboids.json", document(drive()))
    semseg = segmentation_document({"f1": {"ROOF": [1]}}, {1: "road"}, object_id=SEGMENTATION)
    segmentation = save("semseg.json", Document.of(semseg))
    run("merge", cuboids, segmentation, "-o", tmp_path / "all.json")
    merged = read_document(tmp_path / "all.json")
    assert {g.kind for g in merged.geometries(("cuboid", "binary"))} == {"cuboid", "binary"}
    other = save("other.json", document([car("f0", y=1, boxes=[box(1, 1)])]))
    stopped = run("merge", cuboids, other, "-o", tmp_path / "x.json", status=1)
    assert "documents differ at frame f0.objects" in stopped.stderr
    assert not (tmp_path / "x.json").exists()
    listed = run("merge", cuboids, other, "-o", tmp_path / "x.json", "--on-conflict", "last")
    assert listed.stderr.startswith("conflict, the last document is used: frame f0.objects")


def test_table(save: Any, tmp_path: Path) -> None:
    """Four Parquet files that lead back to the documents."""
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    given = document(drive())
    paths = json.loads(run("table", save("a.json", given), "-o", tmp_path / "tables", "--json").stdout)
    assert sorted(paths) == ["documents", "geometries", "objects", "properties"]
    (back,) = from_tables(read_tables(tmp_path / "tables"))
    assert back.plain == given.plain


def test_empty_exports(tmp_path: Path) -> None:
    """A project without deliveries: empty tables and statistics, and a word instead of nothing."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "manifest.jsonl").touch()
    assert run("stats", tmp_path / "in").stderr.startswith("documents: 0, frames: 0")
    assert f"There are no annotations in {tmp_path / 'in'}" in run("validate", tmp_path / "in").stderr
    assert run("diff", tmp_path / "in", tmp_path / "in").stderr == "There are no annotations to compare\n"
    run("table", tmp_path / "in", "-o", tmp_path / "out")
    assert read_tables(tmp_path / "out").geometries.num_rows == 0


def test_unrelated_documents_are_reported(save: Any) -> None:
    before, after = save("a.json", document(drive())), save("b.json", document(drive(track="van")))
    printed = run("diff", before, after).stderr
    assert "Warning: a.json to b.json: no object ID is in both documents" in printed
    assert "(--match-by-overlap 0.5)" in printed
