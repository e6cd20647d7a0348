"""The engine: which zones a project meets, by how much, and how near the others are.

Rules never see geometry: the engine hands them :class:`~sanxian.model.Hit` values. The interface is
:class:`Overlay` (one per edition) and :class:`Placement` (one per project); what computes them can be
replaced underneath.
"""

from sanxian.engine.overlay import Distance, Overlay, Placement

__all__ = ["Distance", "Overlay", "Placement"]
