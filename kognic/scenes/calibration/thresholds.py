"""From where on measurements of a calibration say something.

The numbers are in `thresholds.toml` beside this module. Most are chosen by `make calibration-report`.
"""

from __future__ import annotations

import tomllib
from importlib import resources

import attrs


@attrs.frozen(kw_only=True)
class Thresholds:
    """From where on measurements say something.

    Attributes:
        contrast, lead: A rotation stands out: above chance, in deviations of chance, and relative to the next
            best. Images of another place reach one of them, rarely both.
        few_points, lead_of_few: With fewer points in view in all, chance reaches further.
        excess, gain: A rotation error is reported: how many standard deviations it is outside the tolerance,
            and how many it fits better than the calibration as given.
        far, gain_of_far: So many deviations outside the tolerance, it need not fit better by as much.
        unfit: A calibration is said not to fit below this contrast of its own,
        unfit_points: with so many points in view.
        outdone: Nor does one fit if some rotations stand above chance and are so many times as high as it.
        strange, strange_points: Beside cameras that fit, or many that do not, a camera that says too little
            alone does not fit below this contrast, with so many points in all. Set by hand: right cameras of
            five public datasets with as many points and known motion have 3.6 and more, images of another
            camera or drive that alone remain undecided 2.1 to 5.6.
        largest_bound_deg: A bound above this says nothing.
        direction_excess, direction_gain, direction_ratio: Another number than the rotation is reported: how
            far it is outside its tolerance, in standard deviations, and how much better than with a rotation
            alone the data fits, in standard deviations and relatively. A lens shows at the rims of the images
            only, so that the parts of an image differ in what they gain.
        direction_clear_gain, direction_clear_ratio: With so much more gain, so much less ratio will do.
        direction_alone_gain, direction_alone_ratio: Another number alone, with the rotation as given, is
            reported: how much better than as given the data fits, in standard deviations, and relative to a
            rotation alone.
        twice_gain, twice_ratio: A time or a motion that comes out the same alone and together with a rotation
            is reported: how much better the data fits both ways.
        rectified_gain, rectified_ratio: Images are said to be rectified: how much better a lens without
            distortion fits than the one given, each with its best rotation.
        shared_gain, shared_ratio: The same for a number that all cameras of a rig have in common. Set by
            hand, as few rigs of the report have several cameras: one number against three of each camera.
        shared_clear_gain, shared_clear_ratio, shared_share: Such a number is also reported if it fits far
            better than the given value, and nearly as well as the rotations. Set by hand: images 400 ms late
            have 2.7, 1.8 and 0.8, those of another drive at most 1.2, 1.5 and 0.5 (PandaSet, nuScenes).
        cause_contrast, cause_lead: A classic mistake is named: contrast with it undone, and that relative to
            the contrast of the best small rotation.
        rival_lead: It is named for certain: so much above every other mistake and above `cause_contrast`.
    """

    contrast: float
    lead: float
    few_points: float
    lead_of_few: float
    excess: float
    gain: float
    far: float
    gain_of_far: float
    unfit: float
    unfit_points: float
    outdone: float
    strange: float
    strange_points: float
    largest_bound_deg: float
    direction_excess: float
    direction_gain: float
    direction_ratio: float
    direction_clear_gain: float
    direction_clear_ratio: float
    direction_alone_gain: float
    direction_alone_ratio: float
    twice_gain: float
    twice_ratio: float
    rectified_gain: float
    rectified_ratio: float
    shared_gain: float
    shared_ratio: float
    shared_clear_gain: float
    shared_clear_ratio: float
    shared_share: float
    cause_contrast: float
    cause_lead: float
    rival_lead: float


THRESHOLDS = Thresholds(
    **tomllib.loads(
        (resources.files("kognic.scenes.calibration") / "thresholds.toml").read_text(encoding="utf-8")
    )
)
