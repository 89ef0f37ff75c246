"""The table of all rules: code, severity, and the rule in one sentence.

Codes are stable, because users ignore rules, count findings and link to rules by code. The functions that
check the rules are in the modules of their group, and get the severity from here through `broken`.
"""

from __future__ import annotations

from kognic._core.findings import finding_maker, parse_rules
from kognic.annotations.rules import ANNOTATION, ANNOTATION_RULES, OPENLABEL, OPENLABEL_RULES

STRUCTURE, FILES, GEOMETRY = "structure", "files", "geometry"
GROUPS = (STRUCTURE, FILES, GEOMETRY, OPENLABEL)

_TABLE = """
structure error   scene-file                      The scene file is valid, and its files exist
structure error   scene-external-id               The scene has an external ID
structure error   scene-no-frames                 The scene has at least one frame
structure error   scene-calibration-missing       A scene with lidars and cameras has a calibration
structure error   frame-id-duplicate              Frame IDs are unique in the scene
structure error   frame-id-empty                  Every frame of a sequence has an ID
structure error   frame-images-count              A frame has 1 to 9 images
structure warning frame-without-images            A frame of a sequence with cameras has an image
structure error   frame-clouds-count              A frame has 1 to 20 point clouds
structure error   frame-clouds-aggregated         Aggregated sequences have clouds in every frame or the first
structure error   relative-timestamp-order        Relative timestamps increase strictly
structure info    relative-timestamp-start        The first relative timestamp is 0
structure warning relative-timestamp-unit         Relative timestamps are in milliseconds
structure warning relative-timestamp-gap          Frames are evenly spaced in time
structure error   unix-timestamp-missing          With IMU data every frame has a Unix timestamp
structure warning unix-timestamp-partial          All frames have a Unix timestamp, or none
structure error   unix-timestamp-order            Unix timestamps increase strictly
structure warning unix-timestamp-unit             Unix timestamps are in nanoseconds
structure warning timestamps-disagree             Unix and relative timestamps agree
structure error   sensor-duplicate                A sensor has at most one file in a frame
structure error   sensor-kind                     A camera and a lidar have different names
structure info    sensor-dropout                  Every sensor is present in every frame
structure warning sensor-name                     Sensor names have no leading or trailing blanks
structure info    calibration-unread              The calibration is available to the check
structure error   calibration-sensor-missing      Every sensor of the scene is in the calibration
structure error   calibration-sensor-kind         The kind of a sensor and its calibration agree
structure info    calibration-sensor-unused       Every sensor of the calibration is in the scene
structure error   ego-pose-missing                Every frame of an aggregated sequence has an ego pose
structure error   ego-pose-partial                All frames have an ego pose, or none
structure error   ego-pose-value                  Ego poses are finite, with nonzero quaternions
structure warning ego-pose-quaternion             Quaternions of ego poses have unit length
structure warning ego-pose-jump                   The speed between ego poses is plausible
structure warning ego-pose-rotation               The rotation rate between ego poses is plausible
structure error   imu-frame-range                 The IMU data covers the time of every frame
structure warning imu-shutter-range               The IMU data covers the shutter times of every image
structure error   imu-order                       IMU samples are in chronological order
structure warning imu-duplicate                   IMU samples have unique timestamps
structure error   imu-value                       IMU samples are finite, with nonzero quaternions
structure warning imu-quaternion                  Quaternions of IMU samples have unit length
structure warning imu-unit                        IMU times are in nanoseconds
structure warning imu-rate                        There are at least ten IMU samples per second, without gaps
structure warning imu-jump                        The speed between IMU samples is plausible
structure warning imu-ego-disagree                Ego poses and IMU data agree on the position
structure error   shutter-order                   The shutter closes after it opens
structure warning shutter-duration                The exposure of an image is shorter than a second
structure warning shutter-unit                    Shutter times are in nanoseconds
structure warning shutter-frame                   Images are taken within a second of their frame
structure warning shutter-partial                 All images have shutter times, or none
structure error   metadata-value                  Metadata values are text, finite numbers or booleans
structure error   metadata-region                 The metadata entry region is text
structure warning specification-sensor            The sensor specification lists only sensors of the scene
structure warning file-duplicate                  Every file is used once
structure error   resource-id-clash               Different files have different resource IDs

files error   file-missing              The file exists
files error   file-empty                The file is not empty
files info    file-not-read             The content of the file is available to the check
files error   image-format              Images are PNG, JPEG, WebP or AVIF
files error   image-undecodable         Images decode
files error   image-truncated           Images are complete
files error   image-too-large           Images are within the size limit for decoding
files error   image-size                The image size matches the calibration
files warning image-size-change         All images of a camera have the same size
files warning image-suffix              The suffix of an image matches its format
files warning image-orientation         Images are not rotated by EXIF metadata
files warning image-animation           An image file contains a single picture
files warning image-mode                Images are grey or colour, 8 bits per channel
files warning image-uniform             Images are not uniform
files warning image-duplicate           Images differ from each other
files error   cloud-format              Point clouds are CSV, LAS, LAZ or PCD
files error   cloud-format-mismatch     The suffix of a point cloud matches its format
files error   cloud-empty               Point clouds have points
files error   csv-binary                CSV files are text
files warning csv-header-prefix         CSV files start with the name of the first column
files error   csv-line-ends             Lines of CSV files end with LF, or CR and LF
files warning csv-intensity-fraction    Intensities in CSV files are whole numbers
files info    csv-header                CSV files have the documented header
files error   csv-columns               CSV files have columns x, y and z
files error   csv-duplicate-column      CSV column names are unique
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
files error   las-scale                 LAS coordinates have a nonzero scale
files error   las-signature             LAS files start with their signature
files error   las-truncated             LAS files are complete
files error   las-unreadable            LAS files can be read
files error   las-version               LAS files are of version 1.2
files error   pcd-count                 PCD headers agree on the number of points
files error   pcd-data                  PCD data is ascii, binary or binary_compressed
files error   pcd-field-type            PCD fields have the documented types and sizes
files error   pcd-fields                PCD files have fields x, y and z, each once
files error   pcd-header                PCD headers can be read
files error   pcd-organised             Compressed PCD clouds are not organised
files error   pcd-truncated             PCD files are complete
files error   pcd-unreadable            PCD files can be read
files error   pcd-version               PCD files are of version .7
files warning cloud-time-missing        Points have times
files error   cloud-time-uncompensated  Points have timestamps if motion compensation is on
files warning cloud-time-unit           Point times are in nanoseconds
files warning cloud-time-span           The points of a cloud are taken within two seconds
files warning cloud-time-frame          Points are taken within two seconds of their frame
files error   cloud-time-imu            The IMU data covers the time of every point
files info    cloud-intensity-missing   Points have intensities
files warning cloud-intensity-range     Intensities are from 0 to 255
files warning cloud-not-finite          Coordinates are finite numbers
files warning cloud-at-origin           There are no points for missing returns
files warning cloud-range               Coordinates are in metres, in the sensor's own system
files warning cloud-flat                Points extend in all three dimensions
files info    cloud-few-points          A cloud has at least a hundred points
files warning cloud-count-change        Clouds of a lidar have similar numbers of points
files warning cloud-duplicate           Point clouds differ from each other

geometry error   quaternion-value          Quaternions are finite numbers and not zero
geometry warning quaternion-length         Quaternions have unit length
geometry error   position-value            Positions are finite numbers
geometry warning position-unit             Positions are in metres
geometry error   calibration-unit          Positions of the calibration agree with the points, in metres
geometry error   cloud-unit                Coordinates of points are in metres, as their ground and reach show
geometry error   image-size-value          Image sizes are positive
geometry error   camera-matrix-value       Camera matrices are finite, focal lengths positive
geometry warning focal-length              Focal lengths are in pixels of the image
geometry warning focal-ratio               fx and fy are similar
geometry warning principal-point           The principal point is near the image centre
geometry warning principal-point-swapped   cx and cy are not swapped
geometry warning field-of-view             The field of view matches the camera matrix
geometry warning field-of-view-unit        The field of view is in degrees
geometry error   distortion-value          Distortion coefficients are finite numbers
geometry warning distortion-order          Distortion coefficients are in the right order
geometry warning distortion-folds          The distortion does not fold the image
geometry warning undistortion              The undistortion polynomial is the inverse of the distortion
geometry warning fisheye-xi                The parameter xi follows the unified model
geometry warning lidar-field-of-view       The field of view of a lidar is in degrees and metres
geometry warning cut-angles                Angles of fused cylindrical cameras are in degrees
geometry warning sensor-pose-duplicate     Cameras have different poses
geometry error   custom-module             The module of a custom camera can be run
geometry error   custom-test-case          The module of a custom camera passes its test cases
geometry error   custom-test-nan           Test cases of a custom camera are valid JSON
geometry info    custom-test-none          A custom camera has test cases
geometry warning custom-image              A custom camera projects points into its image
geometry info    projection-unavailable    The formula of the camera is public
geometry warning camera-no-points          Lidar points are projected into the image
geometry warning pose-inverted             Poses map from the sensor to the reference system
geometry warning quaternion-order          Quaternions are in the order w, x, y, z
geometry warning cameras-swapped           The calibrations of cameras are not swapped
geometry warning axes-convention           Camera systems have x right, y down, z forward
geometry warning angle-unit                Rotations use the right angle unit
geometry warning camera-misaligned         The estimated rotation error is within the tolerance
geometry warning camera-does-not-fit       Lidar points agree with the image
geometry warning euler-order               Roll, pitch and yaw are combined in the right order
geometry warning image-mirrored            Images are not mirrored
geometry warning image-upside-down         Images are not upside down
geometry warning lidar-mirrored            Lidar points are right-handed
geometry warning lidar-axes                Lidar axes are not swapped
geometry warning lidar-yaw                 Lidars are not rotated by a quarter or half turn
geometry warning focal-length-estimate     The focal length agrees with the images
geometry warning distortion-estimate       The lens distortion agrees with the images
geometry warning images-rectified          Rectified images have distortion coefficients of 0
geometry warning image-time                The image timestamps agree with the data
geometry warning lidar-misaligned         Lidars agree with the ego poses and with each other
geometry warning lidar-time               Clouds were taken at the times of the ego poses
geometry warning ego-pose-system          Ego poses are those of the lidar, or of the reference system
geometry warning ego-motion               Ego poses move as static points do
geometry info    camera-consistent         The estimated rotation error is within the tolerance
geometry info    camera-undecided          The data determines the calibration
"""

RULES = {**parse_rules(_TABLE), **OPENLABEL_RULES}
"""Rules on scenes, by code."""
REPORTED_GROUPS = (*GROUPS, ANNOTATION)
REPORTED_RULES = {**RULES, **ANNOTATION_RULES}
"""Rules that a report may name: also those on delivered annotations."""

broken = finding_maker(RULES)
