"""The rules on OpenLABEL documents: code, severity, and the rule in one sentence.

Rules on scenes are in `kognic.scenes.checks.rules`, which lists these as well.
"""

from __future__ import annotations

from kognic._core.findings import finding_maker, parse_rules

OPENLABEL = "openlabel"

_TABLE = """
openlabel error   ol-schema                The document is OpenLABEL
openlabel error   ol-version               The schema version is 1.0.0
openlabel error   ol-no-frames             The document has frames
openlabel error   ol-object-id             Object IDs are UUIDs
openlabel error   ol-object-missing        Objects in frames are declared in objects
openlabel warning ol-object-unused         Objects appear in a frame
openlabel error   ol-object-type           Objects have a type
openlabel error   ol-frame-key             Frame keys are decimal integers
openlabel error   ol-frame-time            Frames have a timestamp in milliseconds
openlabel error   ol-frame-time-duplicate  Timestamps of frames are unique in the document
openlabel error   ol-frame-time-unknown    Timestamps of frames match the scene's frames
openlabel error   ol-aggregated            A pre-annotation of an aggregated sequence has one frame
openlabel error   ol-stream-missing        The streams of geometries are declared
openlabel error   ol-stream-unknown        Streams are sensors of the scene
openlabel error   ol-stream-kind           The type of a stream matches its sensor
openlabel error   ol-contexts              The document has no contexts, relations or actions
openlabel error   ol-static-geometry       Geometry is in frames
openlabel error   ol-geometry-stream       Every geometry names its sensor in the text attribute stream
openlabel error   ol-geometry-sensor       2D geometry is in cameras, 3D geometry in lidars
openlabel warning ol-geometry-name         Geometries of an object in a frame have unique names
openlabel error   ol-3d-count              An object has one 3D geometry in a frame
openlabel error   ol-3d-attribute          3D geometry has no attributes except stream
openlabel error   ol-unsupported           The platform supports the geometry
openlabel error   ol-number                Coordinates are finite numbers
openlabel error   ol-cuboid-size           Cuboids have positive sizes
openlabel error   ol-cuboid-rotation       Cuboids have quaternions that are not zero
openlabel warning ol-cuboid-unit           Quaternions of cuboids have unit length
openlabel warning ol-cuboid-scalar-first   Quaternions of cuboids are in the order x, y, z, w
openlabel warning ol-cuboid-heading        Vehicles head along +y and have their length along it
openlabel warning ol-cuboid-sizes          The sizes of cuboids are in the order width, length, height
openlabel warning ol-cuboid-far            Cuboids are inside the point cloud
openlabel warning ol-cuboid-empty          Cuboids contain points
openlabel warning ol-cuboid-huge           Cuboid sizes are plausible, in metres
openlabel error   ol-bbox-size             Bounding boxes have positive sizes
openlabel warning ol-bbox-outside          Bounding boxes are inside the image
openlabel warning ol-2d-outside            2D geometry is inside the image
openlabel error   ol-polygon-points        Polygons have at least three points, lines two
openlabel error   ol-polygon-mode          Polygons are in absolute coordinates
openlabel error   ol-polygon-attribute     Polygons have is_hole, curves interpolation_method
openlabel warning ol-interpolation-name    The attribute is named interpolation_method
openlabel error   ol-point-class           Points of a group have a point_class
openlabel error   ol-reserved-property     Reserved properties of objects are flags
openlabel warning ol-confidence            Confidences are from 0 to 1
openlabel error   ol-sparse-interval       Intervals of sparse geometry are inside the document
openlabel error   ol-sparse-ends           Sparse geometry exists at both ends of its interval
openlabel error   ol-sparse-stream         Sparse geometry stays in one stream
openlabel error   ol-sparse-name           Pointers refer to geometry of their object
openlabel error   ol-interpolated-ends     The first and last frame contain all interpolated geometry
"""

ANNOTATION = "annotation"

_DELIVERED = """
annotation error   an-value          Geometry has the numbers of its kind, finite and with positive sizes
annotation error   an-frame-unknown  Frames of the annotation are frames of the scene
annotation error   an-stream-unknown Geometry is in a sensor of the scene
annotation warning an-cuboid-empty   Cuboids contain points
annotation warning an-track-jump     Objects move at a possible speed
annotation warning an-track-size     Objects keep their size
annotation warning an-track-turn     Objects do not turn around between two frames
annotation warning an-track-gap      Objects have a geometry in every frame between their first and last
annotation warning an-stationary     Stationary objects do not move in the world
annotation warning an-duplicate      No two objects of a class lie in the same place
annotation warning an-2d-3d          Cuboids project to the bounding boxes of their object
annotation warning an-class-empty    Objects have a class
annotation error   an-object-missing Objects in frames are declared in objects
"""

OPENLABEL_RULES = parse_rules(_TABLE)
ANNOTATION_RULES = parse_rules(_DELIVERED)
"""Rules on delivered annotations, applied by `kognic.annotations.quality`."""

broken = finding_maker(OPENLABEL_RULES)
