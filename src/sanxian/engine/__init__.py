"""The engine: which zones a project meets, by how much, and how near the others are.

Rules never see geometry: the engine hands them :class:`~sanxian.model.Hit` values. :class:`Overlay` (one per
edition) and :class:`Placement` (one per project) speak the language of the rules; :class:`Index` beneath them
measures any number of points, lines and polygons against all zones at once. docs/explanation/engine.md tells how.
"""

from sanxian.engine.index import Index
from sanxian.engine.overlay import Distance, Overlay, Placement, index_layers
from sanxian.engine.shapes import Shapes
from sanxian.engine.surface import ELLIPSOID, PLANE

__all__ = ["ELLIPSOID", "PLANE", "Distance", "Index", "Overlay", "Placement", "Shapes", "index_layers"]
