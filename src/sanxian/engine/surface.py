"""The surface that coordinates lie on, and what a small step on it measures.

An edge of a zone or a footprint is straight *in its coordinates* (docs/adr/0001): in longitude and latitude,
or in a plane. What is inside what is decided there. What it measures is a matter of three densities, each a
function of y alone, because both surfaces look the same all along x:

==================  ====================  ==============================
density             plane, metres         CGCS2000 ellipsoid, degrees
==================  ====================  ==============================
area of dx·dy       1                     M N cos φ (π/180)²
length of dx        1                     N cos φ π/180
length of dy        1                     M π/180
==================  ====================  ==============================

*M* and *N* are the radii of curvature of the meridian and of the prime vertical (Snyder, *Map Projections*,
USGS PP 1395, eqs. 4-18 to 4-20). Inside one row of grid cells each density is a short polynomial of the height
above the row's foot; :meth:`Surface.rows` makes their coefficients and the kernels know nothing else about the
Earth. So areas are exact without any projection and without cutting edges into short pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Columns of the row table: coefficients of ascending powers of the height above the row's foot.
AREA: Final = 0  # 4 columns: area of a strip one unit wide = c0 u + c1 u² + c2 u³ + c3 u⁴
X_SCALE: Final = 4  # 3 columns: length of one unit of x at height u
Y_SCALE: Final = 7  # 3 columns: length of one unit of y
ROW_COLUMNS: Final = 10

CGCS2000_A: Final = 6378137.0  # GB 22021-2008
_F: Final = 1 / 298.257222101
CGCS2000_E2: Final = _F * (2 - _F)
_DEGREE: Final = np.pi / 180


@dataclass(frozen=True, slots=True)
class Surface:
    """Area and length densities of a surface whose measure depends on y only."""

    name: str
    area: Callable[[Floats], Floats]
    x_scale: Callable[[Floats], Floats]
    y_scale: Callable[[Floats], Floats]
    contact: float  # coordinates this close are the same place: about 1 mm
    curved: bool  # coordinates are longitude and latitude on the CGCS2000 ellipsoid
    largest_cell: float  # height of a row up to which its polynomials are right to rounding

    def scales(self, y: float) -> tuple[float, float]:
        """Return what one unit of x and of y measure at height y, metres."""
        at = np.array([y])
        return float(self.x_scale(at)[0]), float(self.y_scale(at)[0])

    def rows(self, foot: Floats, height: float) -> Floats:
        """Return the row table: one line a row of cells, see the column constants.

        Parameters
        ----------
        foot : (rows,) array
            y of the lower side of each row.
        height : float
            Height of a row, in coordinate units, at most ``largest_cell``.
        """
        if not self.curved:
            return np.tile([1.0, 0, 0, 0, 1.0, 0, 0, 1.0, 0, 0], (len(foot), 1))
        # Chebyshev nodes: the interpolation cannot swing
        nodes = (1 + np.cos(np.pi * (2 * np.arange(4) + 1) / 8)) / 2
        at = foot[:, None] + nodes[None, :] * height
        table = np.empty((len(foot), ROW_COLUMNS))
        to_power = np.linalg.inv(np.vander(nodes, 4, increasing=True))
        for column, density, terms in (
            (AREA, self.area, 4),
            (X_SCALE, self.x_scale, 3),
            (Y_SCALE, self.y_scale, 3),
        ):
            powers = density(at) @ to_power.T  # of the fraction of the height
            if column == AREA:  # integrated from the row's foot
                powers /= np.arange(1, 5)
                table[:, column : column + 4] = powers / height ** np.arange(4)
            else:
                table[:, column : column + terms] = (powers / height ** np.arange(4))[:, :terms]
        return table


def _curvature(degrees: Floats) -> tuple[Floats, Floats, Floats]:
    phi = degrees * _DEGREE
    w = 1 - CGCS2000_E2 * np.sin(phi) ** 2
    return CGCS2000_A * (1 - CGCS2000_E2) / w**1.5, CGCS2000_A / np.sqrt(w), np.cos(phi)


def _ellipsoid_area(y: Floats) -> Floats:
    meridian, vertical, cosine = _curvature(y)
    return meridian * vertical * cosine * _DEGREE**2


def _ellipsoid_x(y: Floats) -> Floats:
    _, vertical, cosine = _curvature(y)
    return vertical * cosine * _DEGREE


def _ellipsoid_y(y: Floats) -> Floats:
    return _curvature(y)[0] * _DEGREE


PLANE: Final = Surface(
    "plane", np.ones_like, np.ones_like, np.ones_like, contact=1e-3, curved=False, largest_cell=np.inf
)
ELLIPSOID: Final = Surface(
    "ellipsoid", _ellipsoid_area, _ellipsoid_x, _ellipsoid_y, contact=1e-8, curved=True, largest_cell=1 / 16
)
