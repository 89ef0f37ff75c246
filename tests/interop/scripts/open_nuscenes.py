"""Opens a nuScenes version with the development kit and prints its boxes as JSON."""

import json
import sys

from nuscenes.nuscenes import NuScenes

version = NuScenes(version="v1.0-mini", dataroot=sys.argv[1], verbose=False)
boxes = {}
for sample in version.sample:
    for token in sample["anns"]:
        box = version.get_box(token)
        boxes[version.get("sample_annotation", token)["instance_token"]] = {
            "name": box.name,
            "corners": box.corners().T.tolist(),
        }
    in_camera = len(version.get_sample_data(sample["data"]["CAM_FRONT"])[1])
print(json.dumps({"boxes": boxes, "in_camera": in_camera}))
