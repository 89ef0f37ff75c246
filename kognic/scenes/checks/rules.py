"""Every rule that is checked: its code, how bad it is to break it, and the rule in one sentence.

Codes are stable: people silence, count and link them. The functions that look for broken rules live in the
modules of their group; they take code and severity from here through `broken`.
"""

from __future__ import annotations

from kognic._core.findings import finding_maker, parse_rules
from kognic.annotations.rules import ANNOTATION, ANNOTATION_RULES, OPENLABEL, OPENLABEL_RULES

STRUCTURE, FILES, GEOMETRY = "structure", "files", "geometry"
GROUPS = (STRUCTURE, FILES, GEOMETRY, OPENLABEL)

_TABLE = """
structure error   scene-description               Scene descriptions can be read, and refer to what is there
structure error   scene-external-id               The scene has an external ID
structure error   scene-no-frames                 The scene has at least one frame
structure error   scene-calibration-missing       A scene with lidars and cameras names its calibration
structure error   frame-id-duplicate              Frame IDs are unique in the scene
structure error   frame-id-empty                  Every frame of a sequence has an ID
structure error   frame-images-count              A frame has 1 to 9 images
structure warning frame-without-images            A frame of a sequence with cameras has an image
structure error   frame-clouds-count              A frame has 1 to 20 point clouds
structure error   frame-clouds-aggregated         Aggregated sequences have clouds in every frame or the first
structure error   relative-timestamp-order        Relative timestamps increase strictly
structure info    relative-timestamp-start        The first relative timestamp is 0
structure warning relative-timestamp-unit         Relative timestamps are in milliseconds
structure warning relative-timestamp-gap          Frames follow each other evenly
structure error   unix-timestamp-missing          With IMU data every frame has a Unix timestamp
structure warning unix-timestamp-partial          All frames have a Unix timestamp, or none
structure error   unix-timestamp-order            Unix timestamps increase strictly
structure warning unix-timestamp-unit             Unix timestamps are in nanoseconds
structure warning timestamps-disagree             Unix and relative timestamps advance together
structure error   sensor-duplicate                A sensor has one file of a kind in a frame
structure error   sensor-kind                     A name is that of a camera or of a lidar, not of both
structure info    sensor-dropout                  Every sensor is present in every frame
structure warning sensor-name                     Sensor names have no blanks around them
structure info    calibration-unread              The calibration is at hand for the check
structure error   calibration-sensor-missing      Every sensor of the scene is in the calibration
structure error   calibration-sensor-kind         Cameras have camera calibrations, lidars lidar calibrations
structure info    calibration-sensor-unused       Every sensor of the calibration is in the scene
structure error   ego-pose-missing                Every frame of an aggregated sequence has an ego pose
structure error   ego-pose-partial                All frames have an ego pose, or none
structure error   ego-pose-value                  Ego poses are finite, and their quaternions not zero
structure warning ego-pose-quaternion             Quaternions of ego poses have unit length
structure warning ego-pose-jump                   The vehicle moves at a possible speed between ego poses
structure warning ego-pose-rotation               The vehicle turns at a possible rate between ego poses
structure error   imu-frame-range                 The IMU data covers the time of every frame
structure warning imu-shutter-range               The IMU data covers the shutter times of every image
structure error   imu-order                       IMU samples are in the order of time
structure warning imu-duplicate                   IMU samples have times of their own
structure error   imu-value                       IMU samples are finite, and their quaternions not zero
structure warning imu-quaternion                  Quaternions of IMU samples have unit length
structure warning imu-unit                        IMU times are in nanoseconds
structure warning imu-rate                        There are at least ten IMU samples per second, without gaps
structure warning imu-jump                        The vehicle moves at a possible speed between IMU samples
structure warning imu-ego-disagree                Ego poses and IMU data put the vehicle in the same place
structure error   shutter-order                   The shutter closes after it opens
structure warning shutter-duration                An image is exposed within a second
structure warning shutter-unit                    Shutter times are in nanoseconds
structure warning shutter-frame                   Images are taken within a second of their frame
structure warning shutter-partial                 All images have shutter times, or none
structure error   metadata-value                  Metadata is flat: text, finite numbers and flags
structure error   metadata-region                 The metadata entry region is text
structure warning specification-sensor            The sensor specification names sensors of the scene
structure warning file-duplicate                  Every file is used once
structure error   resource-id-clash               Different files have different resource IDs

files error   file-missing              The file is there
files error   file-empty                The file is not empty
files info    file-not-read             The content can be looked at before it is sent
files error   image-format              Images are PNG, JPEG, WebP or AVIF
files error   image-undecodable         Images decode
files error   image-truncated           Images are complete
files error   image-too-large           Images are small enough to decode
files error   image-size                Images have the size that the calibration states
files warning image-size-change         Images of a camera have one size
files warning image-suffix              An image's name ends like its format
files warning image-orientation         Images are stored upright, not turned by metadata
files warning image-animation           An image is one picture
files warning image-mode                Images are grey or colour, 8 bits per channel
files warning image-uniform             Images show something
files warning image-duplicate           Images differ from each other
files error   cloud-format              Point clouds are CSV, LAS, LAZ or PCD
files error   cloud-format-mismatch     A point cloud's name ends like its format
files error   cloud-empty               Point clouds have points
files error   csv-binary                CSV files are text
files warning csv-header-prefix         Nothing stands before the first column name of a CSV file
files error   csv-line-ends             Lines of CSV files end with LF, or CR and LF
files warning csv-intensity-fraction    Intensities in CSV files are whole numbers
files info    csv-header                CSV files have the documented header
files error   csv-columns               CSV files have columns x, y and z
files error   csv-duplicate-column      CSV columns are named once
files error   csv-intensity             Intensities in CSV are numbers from 0 to 255
files error   csv-no-header             CSV files start with the names of their columns
files error   csv-row-length            CSV rows have a value for every column
files error   csv-separator             CSV values are separated by commas
files error   csv-time                  Times in CSV are integers, nanoseconds
files error   csv-unreadable            CSV files can be read
files error   csv-value                 Coordinates in CSV are numbers
files info    las-compressed            LAS files are not compressed
files error   las-point-format          LAS files have point format 3
files error   las-record-length         LAS point records are long enough for their format
files error   las-scale                 LAS coordinates have a scale
files error   las-signature             LAS files start with their signature
files error   las-truncated             LAS files are complete
files error   las-unreadable            LAS files can be read
files error   las-version               LAS files are of version 1.2
files error   pcd-count                 PCD headers agree on the number of points
files error   pcd-data                  PCD data is ascii, binary or binary_compressed
files error   pcd-field-type            PCD fields have the documented types and sizes
files error   pcd-fields                PCD files have fields x, y and z
files error   pcd-header                PCD headers can be read
files error   pcd-organised             Compressed PCD clouds are not organised
files error   pcd-truncated             PCD files are complete
files error   pcd-unreadable            PCD files can be read
files error   pcd-version               PCD files are of version .7
files warning cloud-time-missing        Points have times
files error   cloud-time-uncompensated  Points have times where the platform compensates for motion
files warning cloud-time-unit           Point times are in nanoseconds
files warning cloud-time-span           The points of a cloud are taken within two seconds
files warning cloud-time-frame          Points are taken within two seconds of their frame
files error   cloud-time-imu            The IMU data covers the time of every point
files info    cloud-intensity-missing   Points have intensities
files warning cloud-intensity-range     Intensities are from 0 to 255
files warning cloud-not-finite          Coordinates are finite numbers
files warning cloud-at-origin           Missing returns are left out
files warning cloud-range               Coordinates are in metres, in the sensor's own system
files warning cloud-flat                Points spread in all directions
files info    cloud-few-points          A cloud has at least a hundred points
files warning cloud-count-change        Clouds of a lidar have similar numbers of points
files warning cloud-duplicate           Point clouds differ from each other

geometry error   quaternion-value          Quaternions are finite numbers and not zero
geometry warning quaternion-length         Quaternions have unit length
geometry error   position-value            Positions are finite numbers
geometry warning position-unit             Positions are in metres
geometry error   image-size-value          Image sizes are positive
geometry error   camera-matrix-value       Camera matrices are finite, focal lengths positive
geometry warning focal-length              Focal lengths are in pixels of the image
geometry warning focal-ratio               fx and fy are alike
geometry warning principal-point           The principal point is in the middle of the image
geometry warning principal-point-swapped   cx belongs to the width, cy to the height
geometry warning field-of-view             The field of view is that of the camera matrix
geometry warning field-of-view-unit        The field of view is in degrees
geometry error   distortion-value          Distortion coefficients are finite numbers
geometry warning distortion-order          Distortion coefficients are in their order
geometry warning distortion-folds          Distortion keeps points apart inside the image
geometry warning undistortion              The undistortion polynomial is the inverse of the distortion
geometry warning fisheye-xi                The parameter xi is that of the unified model
geometry warning lidar-field-of-view       The field of view of a lidar is in degrees and metres
geometry warning cut-angles                Angles of fused cylindrical cameras are in degrees
geometry warning sensor-pose-duplicate     Cameras have poses of their own
geometry error   custom-module             The module of a custom camera can be run
geometry error   custom-test-case          The module of a custom camera gives what its test cases say
geometry error   custom-test-nan           Test cases of a custom camera can be sent as JSON
geometry info    custom-test-none          A custom camera has test cases
geometry warning custom-image              A custom camera projects points into its image
geometry info    projection-unavailable    The formula of the camera is public
geometry warning camera-no-points          Points of the lidar appear in the image
geometry warning pose-inverted             Poses map from the sensor to the reference system
geometry warning quaternion-order          Quaternions have their scalar where the platform expects it
geometry warning cameras-swapped           Every camera has its own calibration
geometry warning axes-convention           Camera systems have x right, y down, z forward
geometry warning angle-unit                Rotations are made from angles in the right unit
geometry warning camera-misaligned         The estimated rotation error is within the tolerance
geometry warning camera-does-not-fit       Points of the lidar fit what the image shows
geometry warning euler-order               Roll, pitch and yaw are combined in the right order
geometry warning image-mirrored            Images are not mirrored
geometry warning image-upside-down         Images are not upside down
geometry warning lidar-mirrored            Lidar points are right-handed
geometry warning lidar-axes                Lidar points have their axes in order
geometry warning lidar-yaw                 Lidars are not rotated by a quarter or half turn
geometry warning focal-length-estimate     The focal length fits what the images show
geometry warning distortion-estimate       The lens distortion fits what the images show
geometry warning image-time                Images were taken when their shutter times say
geometry info    camera-consistent         The estimated rotation error is within the tolerance
geometry info    camera-undecided          The data determines the calibration
"""

RULES = {**parse_rules(_TABLE), **OPENLABEL_RULES}
"""Rules on scenes, by code."""
REPORTED_GROUPS = (*GROUPS, ANNOTATION)
REPORTED_RULES = {**RULES, **ANNOTATION_RULES}
"""Rules that a report may name: also those on delivered annotations."""

broken = finding_maker(RULES)
