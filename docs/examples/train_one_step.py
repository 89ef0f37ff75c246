"""Train a small network on annotated scenes for one step: `make train-example`.

The sandbox's sample drive stands for your scenes, its pre-annotation for delivered annotations. The network
sees a point and says whether it belongs to a car, a pedestrian or to nothing; the cuboids tell what is right.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from kognic.annotations.cuboids import points_inside
from kognic.sandbox.sample.drive import write_sample_drive
from kognic.scenes.training import AnnotatedFrames, as_list, to_hugging_face, to_torch


def point_classes(sample: dict[str, torch.Tensor]) -> torch.Tensor:
    """Class of each point by the cuboid it lies in; the last class is nothing."""
    found = torch.full((len(sample["points"]),), len(classes))
    for cuboid, label in zip(sample["cuboids"], sample["labels"], strict=True):
        inside = points_inside(sample["points"][:, :3].numpy(), cuboid.numpy(), grow=0.1)
        found[torch.from_numpy(inside)] = label
    return found


with tempfile.TemporaryDirectory() as folder:
    drive = write_sample_drive(Path(folder), frames=4)
    classes = sorted({"Car", "Pedestrian"})
    frames = AnnotatedFrames([(drive.scene_file, drive.pre_annotation_file)], classes=classes)
    loader = DataLoader(to_torch(frames), batch_size=2, shuffle=True, num_workers=2, collate_fn=as_list)

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 32), torch.nn.ReLU(), torch.nn.Linear(32, len(classes) + 1)
    )
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)

    batch = next(iter(loader))
    points = torch.cat([sample["points"] for sample in batch])
    targets = torch.cat([point_classes(sample) for sample in batch])
    scaled = points / torch.tensor([50.0, 50.0, 5.0, 255.0])

    before = torch.nn.functional.cross_entropy(network(scaled), targets)
    optimiser.zero_grad()
    before.backward()
    optimiser.step()
    after = torch.nn.functional.cross_entropy(network(scaled), targets)
    print(f"{len(points)} points of {len(batch)} frames, loss {before.item():.4f} -> {after.item():.4f}")
    if not after < before:
        raise SystemExit("the step did not lower the loss")

    view = to_hugging_face(frames)
    row = view[0]
    if [len(row["labels"]), len(row["points"])] != [len(frames[0]["labels"]), len(frames[0]["points"])]:
        raise SystemExit("the Hugging Face view differs from the dataset")
    print(f"Hugging Face view of {len(view)} frames, columns {', '.join(row)}")
