"""The index against PostGIS, a second oracle: areas, lengths, points and distances in the plane.

PostGIS rests on a GEOS of its own (Debian's), one release line behind the one in Shapely's wheel. On Debian:
``apt-get install postgresql-15 postgresql-15-postgis-3``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from engine_layers import (
    SIZE,
    Rows,
    assert_same,
    blob,
    index_points,
    index_rows,
    lines,
    plane_layers,
    plane_zones,
    polygons,
)
from postgis_cluster import NotInstalled, Server, programs
from sanxian.engine import PLANE, Index, Shapes

pytestmark = pytest.mark.postgis

CONTACT = PLANE.contact


class Database:
    """Asks a PostGIS server through ``psql``: no driver is needed."""

    def __init__(self, server: Server) -> None:
        self._command = [str(programs() / "psql"), server.dsn, "-qXAt", "-F", " ", "-v", "ON_ERROR_STOP=1"]

    def ask(self, sql: str) -> list[list[str]]:
        """Rows of a query, as text."""
        done = subprocess.run(
            self._command, input=sql, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return [line.split(" ") for line in done.stdout.splitlines()]

    def load(self, table: str, shapes: Sequence[BaseGeometry]) -> None:
        """Make a table of geometries numbered from 0."""
        rows = "".join(f"{i}\t{shape.wkb_hex}\n" for i, shape in enumerate(shapes))
        self.ask(
            f"create table {table} (id int primary key, geom geometry);\n"
            f"copy {table} from stdin;\n{rows}\\.\n"
            f"create index on {table} using gist (geom);\nanalyze {table};\n"
        )


def many_polygons() -> list[BaseGeometry]:
    rng = np.random.default_rng(21)
    more = [blob(rng, rng.uniform(0, SIZE, 2), float(r), holes=1) for r in (20, 200) for _ in range(100)]
    return [*polygons(), *more]


def spots() -> list[BaseGeometry]:
    """Places anywhere, on vertices, on edges."""
    rng = np.random.default_rng(22)
    anywhere = np.asarray(shapely.points(rng.uniform(-300, SIZE + 300, (400, 2))))
    xy = shapely.get_coordinates(plane_zones())
    vertices = np.asarray(shapely.points(xy[rng.integers(0, len(xy), 200)]))
    rings = shapely.get_rings(shapely.get_parts(plane_zones()))
    chosen = rings[rng.integers(0, len(rings), 200)]
    edges = np.asarray(shapely.line_interpolate_point(chosen, rng.uniform(0, 1, 200), normalized=True))
    return [*anywhere, *vertices, *edges]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    try:
        server = Server()
        with server:
            made = Database(server)
            made.load("zone", plane_zones())
            made.load("polygon", many_polygons())
            made.load("line", lines())
            made.load("spot", spots())
            yield made
    except NotInstalled as missing:
        pytest.skip(str(missing))  # CI counts a skipped test as a failure


@pytest.fixture(scope="module", params=[None, 1024.0])
def index(request: pytest.FixtureRequest) -> Index:
    return Index.build([Shapes.of(layer) for layer in plane_layers()], PLANE, cell=request.param)


def sizes(database: Database, table: str, measure: str) -> Rows:
    """Area or length of the intersection by (query, zone)."""
    rows = database.ask(
        f"select q.id, z.id, {measure}(st_intersection(q.geom, z.geom)) from {table} q, zone z "
        "where st_intersects(q.geom, z.geom)"
    )
    return {(int(q), int(z)): float(size) for q, z, size in rows if float(size) > 0.0}


def test_areas_are_those_of_postgis(database: Database, index: Index) -> None:
    truth = sizes(database, "polygon", "st_area")
    assert len(truth) > 1500
    assert_same(index_rows(index, many_polygons()), truth)


def test_lengths_are_those_of_postgis(database: Database, index: Index) -> None:
    truth = sizes(database, "line", "st_length")
    assert len(truth) > 500
    assert_same(index_rows(index, lines()), truth)


def test_points_are_in_the_zones_that_postgis_finds_them_in(database: Database, index: Index) -> None:
    """Those that lie beyond the contact tolerance of a boundary, and those within it."""
    held: dict[str, set[tuple[int, int]]] = {}
    for name, distance in (("surely", 0.999 * CONTACT), ("maybe", 1.001 * CONTACT)):
        rows = database.ask(
            f"select q.id, z.id from spot q, zone z where st_dwithin(q.geom, z.geom, {distance})"
        )
        held[name] = {(int(q), int(z)) for q, z in rows}
    found = index_points(index, shapely.get_coordinates(spots()))
    pairs = {(q, z) for q, zones in enumerate(found) for z in zones}
    assert len(pairs) > 1500
    assert held["surely"] <= pairs <= held["maybe"]


def test_the_nearest_zone_is_that_of_postgis(database: Database, index: Index) -> None:
    first = index.first.tolist()
    for table, shapes in (("spot", spots()), ("line", lines()), ("polygon", many_polygons()[:120])):
        for layer in (2, 3):
            rows = database.ask(
                f"select q.id, min(st_distance(q.geom, z.geom)) from {table} q, zone z "
                f"where z.id >= {first[layer]} and z.id < {first[layer + 1]} and q.id < {len(shapes)} group by q.id"
            )
            truth = {int(q): float(distance) for q, distance in rows}
            _, distance = index.nearest(Shapes.of(shapes), layer, 1e6)
            assert len(truth) == len(shapes)
            # within the contact tolerance the index says: they meet
            np.testing.assert_allclose(
                distance, [truth[q] for q in range(len(shapes))], rtol=1e-9, atol=CONTACT
            )
