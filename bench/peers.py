"""The other ways to get the same answers, one class each, at the best settings we know for it.

Every peer answers the same six questions with the same three columns: the query, the zone (numbered through all
layers) and 1, the shared area, the shared length or the distance. Whole zones are what people write first; zones cut
into small pieces (``ST_Subdivide`` with 64 or 256 vertices) are the strong form and the one worth beating.

A peer whose package is missing raises :class:`NotInstalled` when it loads; the report then says so.
"""

# ruff: noqa: S608 - SQL made of our own constants

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from province import LAYERS, NEAREST_LAYER, Figures, Floats, Ints, Province

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the throw-away server is shared with the tests
import postgis_cluster as postgis

Shapes = NDArray[np.object_]

WITHIN_M = 5_000.0  # how far the nearest residential area is looked for
LEAST = 1e-6  # areas in m² and lengths in m up to this are contact, not overlap
CLASSES = ("points", "small", "corridors", "large", "nearest_points", "nearest_polygons")
ASKED = {name: name for name in CLASSES} | {"nearest_points": "points", "nearest_polygons": "small"}


class NotInstalled(RuntimeError):
    """The peer's package is not on this machine."""


class Rows(NamedTuple):
    """Answers: one row a (query, zone) pair."""

    query: Ints
    zone: Ints
    value: Floats  # 1 for points; m² or m


def package(name: str) -> types.ModuleType:
    """A module that only this peer needs."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotInstalled(f"{name} is not installed") from error


def summed(query: Ints, zone: Ints, value: Floats, zones: int) -> Rows:
    """Rows of the pieces of zones added up to rows of zones."""
    pair, row = np.unique(query * zones + zone, return_inverse=True)
    total = np.bincount(row, value, minlength=len(pair))
    keep = total > LEAST
    return Rows(pair[keep] // zones, pair[keep] % zones, total[keep])


def distinct(query: Ints, zone: Ints, zones: int) -> Rows:
    """Each pair once: a point on the cut between two pieces of a zone is found twice."""
    pair = np.unique(query * zones + zone)
    return Rows(pair // zones, pair % zones, np.ones(len(pair)))


# --- the data, as the peers want it ----------------------------------------------------------------


def subdivide(shapes: Shapes, most: int) -> tuple[Ints, Shapes]:
    """Polygons cut in half across their longer side until each has at most ``most`` vertices, as ST_Subdivide does.

    Returns the row of ``shapes`` each piece comes from, and the pieces.
    """
    pieces, owner = shapely.get_parts(shapes, return_index=True)
    done: list[tuple[Ints, Shapes]] = []
    while len(pieces):
        small = shapely.get_num_coordinates(pieces) <= most
        done.append((owner[small], pieces[small]))
        pieces, owner = pieces[~small], owner[~small]
        halves: list[shapely.Geometry] = []
        for piece, (west, south, east, north) in zip(pieces, shapely.bounds(pieces), strict=True):
            if east - west > north - south:
                middle = (west + east) / 2
                halves.append(shapely.clip_by_rect(piece, west, south, middle, north))
                halves.append(shapely.clip_by_rect(piece, middle, south, east, north))
            else:
                middle = (south + north) / 2
                halves.append(shapely.clip_by_rect(piece, west, south, east, middle))
                halves.append(shapely.clip_by_rect(piece, west, middle, east, north))
        pieces, half = shapely.get_parts(np.array(halves, dtype=object), return_index=True)
        owner = owner[half // 2]
        areal = shapely.get_dimensions(pieces) == 2
        pieces, owner = pieces[areal], owner[areal]
    row = np.concatenate([rows for rows, _ in done])
    return row, np.concatenate([cut for _, cut in done])


class Workload:
    """A province and the queries, as GEOS objects; everything is made once and only when a peer asks for it."""

    def __init__(self, province: Province) -> None:
        self.province = province
        self.names = [plan.name for plan in LAYERS]
        counts = [province.manifest["counts"][name]["zones"] for name in self.names]
        self.first = np.concatenate(([0], np.cumsum(counts)))  # number of the first zone of each layer
        self.nearest_layer = self.names.index(NEAREST_LAYER)
        self.queries: dict[str, Figures] = {
            name: province.queries(name) for name in province.manifest["queries"]
        }

    @property
    def zone_count(self) -> int:
        """Zones of all layers."""
        return int(self.first[-1])

    @cached_property
    def zones(self) -> Shapes:
        """All zones, layer after layer."""
        return np.concatenate([layer.shapes() for layer in self.province.layers()])

    @cached_property
    def nearest_zones(self) -> Shapes:
        """The layer whose nearest zone is looked for."""
        return self.province.layer(NEAREST_LAYER).shapes()

    @cached_property
    def shapes(self) -> dict[str, Shapes]:
        """All queries."""
        return {name: figures.shapes() for name, figures in self.queries.items()}

    def tiles(self, most: int) -> tuple[Ints, Shapes]:
        """Zone number and shape of the pieces; cut once and kept beside the data."""
        path = self.province.folder / f"tiles-{most}.npz"
        if not path.exists():
            zone, shapes = subdivide(self.zones, most)
            _, xy, (rings, polygons) = shapely.to_ragged_array(shapes)
            whole, cut = shapely.area(self.zones), np.bincount(zone, shapely.area(shapes))
            assert np.allclose(cut, whole, rtol=1e-9), "cutting zones into pieces has lost area"
            np.savez(path, zone=zone, xy=xy, rings=rings, polygons=polygons)
        with np.load(path) as saved:
            offsets = (saved["rings"], saved["polygons"])
            return saved["zone"], shapely.from_ragged_array(
                shapely.GeometryType.POLYGON, saved["xy"], offsets
            )


# --- the interface ---------------------------------------------------------------------------------


class Peer:
    """One way to answer. ``pieces`` is the most vertices of a piece, or None for whole zones.

    The methods take how many queries to answer; the first ``count`` of a set are a fair sample of it.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    pieces: ClassVar[int | None] = None
    threads: ClassVar[str] = "1"
    share: ClassVar[float] = 1.0  # part of the queries that is enough to ask, where all would take too long
    asked: ClassVar[Sequence[str]] = CLASSES  # which questions it can answer, and is worth asking

    def load(self, work: Workload) -> None:
        """Take the data in and make every index that helps."""
        raise NotImplementedError

    def close(self) -> None:
        """Give memory and processes back."""
        self.__dict__.clear()

    def version(self) -> str:
        """What exactly was measured."""
        raise NotImplementedError

    def points(self, count: int) -> Rows:
        """Zones that hold each point."""
        raise NotImplementedError

    def small(self, count: int) -> Rows:
        """Area of each zone inside each small polygon."""
        raise NotImplementedError

    def corridors(self, count: int) -> Rows:
        """Length of each line inside each zone."""
        raise NotImplementedError

    def large(self, count: int) -> Rows:
        """Area of each zone inside each large polygon."""
        raise NotImplementedError

    def nearest_points(self, count: int) -> Rows:
        """Distance from each point to the nearest residential area, where one is within 5 km."""
        raise NotImplementedError

    def nearest_polygons(self, count: int) -> Rows:
        """The same from each small polygon; 0 where they meet."""
        raise NotImplementedError


OVERLAYS = ("points", "small", "corridors", "large")


# --- Shapely ---------------------------------------------------------------------------------------


class ShapelyTree(Peer):
    """An STRtree over prepared zones or pieces, in bulk calls, with the short-cuts that avoid an intersection."""

    def load(self, work: Workload) -> None:
        self.work = work
        if self.pieces is None:
            self.zone, self.shapes = np.arange(work.zone_count), work.zones.copy()
        else:
            self.zone, self.shapes = work.tiles(self.pieces)
        shapely.prepare(self.shapes)
        self.tree = shapely.STRtree(self.shapes)
        self.tree.query(self.shapes[0])  # builds it
        self.is_box = np.abs(shapely.area(self.shapes) - shapely.area(shapely.envelope(self.shapes))) < 1e-6
        self.near_tree = shapely.STRtree(work.nearest_zones)
        self.near_tree.query(self.shapes[0])

    def version(self) -> str:
        return f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}"

    def points(self, count: int) -> Rows:
        xy = self.work.queries["points"].xy[:count]
        query, piece = self.tree.query(self.work.shapes["points"][:count])
        inside = self.is_box[piece] | shapely.intersects_xy(self.shapes[piece], xy[query, 0], xy[query, 1])
        return distinct(query[inside], self.zone[piece[inside]], self.work.zone_count)

    def small(self, count: int) -> Rows:
        return self._overlaps(self.work.shapes["small"][:count], shapely.area)

    def corridors(self, count: int) -> Rows:
        return self._overlaps(self.work.shapes["corridors"][:count], shapely.length)

    def large(self, count: int) -> Rows:
        return self._overlaps(self.work.shapes["large"][:count], shapely.area)

    def _overlaps(self, asked: Shapes, size: Callable[[Shapes], Floats]) -> Rows:
        query, piece = self.tree.query(asked, predicate="intersects")
        value = np.empty(len(query))
        inside = shapely.contains_properly(
            self.shapes[piece], asked[query]
        )  # the query lies within one piece
        value[inside] = size(asked)[query[inside]]
        rest = np.flatnonzero(~inside)
        if size is shapely.area:
            shapely.prepare(asked)
            whole = shapely.contains_properly(asked[query[rest]], self.shapes[piece[rest]])
            value[rest[whole]] = shapely.area(self.shapes[piece[rest[whole]]])
            rest = rest[~whole]
        value[rest] = size(shapely.intersection(self.shapes[piece[rest]], asked[query[rest]]))
        return summed(query, self.zone[piece], value, self.work.zone_count)

    def one_point(self, xy: Floats) -> Ints:
        """Zones of a single point, for the latency of one call."""
        piece = self.tree.query(shapely.Point(xy))
        return self.zone[piece[shapely.intersects_xy(self.shapes[piece], xy[0], xy[1])]]

    def one_shape(self, shape: shapely.Geometry, size: Callable[[Shapes], Floats]) -> tuple[Ints, Floats]:
        """Zones and overlaps of a single shape, for the latency of one call."""
        piece = self.tree.query(shape, predicate="intersects")
        zone, row = np.unique(self.zone[piece], return_inverse=True)
        return zone, np.bincount(row, size(shapely.intersection(self.shapes[piece], shape)))

    def nearest_points(self, count: int) -> Rows:
        return self._nearest(self.work.shapes["points"][:count])

    def nearest_polygons(self, count: int) -> Rows:
        return self._nearest(self.work.shapes["small"][:count])

    def _nearest(self, asked: Shapes) -> Rows:
        (query, zone), distance = self.near_tree.query_nearest(
            asked, max_distance=WITHIN_M, return_distance=True, all_matches=False
        )
        return Rows(query, zone + self.work.first[self.work.nearest_layer], distance)


class Shapely64(ShapelyTree):
    name, title, pieces = "shapely-64", "Shapely, pieces of 64", 64


class Shapely256(ShapelyTree):
    name, title, pieces, asked = "shapely-256", "Shapely, pieces of 256", 256, OVERLAYS


class ShapelyZones(ShapelyTree):
    name, title, share, asked = "shapely-zones", "Shapely, whole zones", 0.1, OVERLAYS


# --- GeoPandas -------------------------------------------------------------------------------------


class GeoPandas(Peer):
    """``sjoin``, ``overlay`` and ``sjoin_nearest`` on whole zones: what an analyst writes."""

    name, title, share = "geopandas", "GeoPandas, whole zones", 0.02

    def load(self, work: Workload) -> None:
        self.geopandas = package("geopandas")
        self.work = work
        self.zones = self._frame("zone", np.arange(work.zone_count), work.zones)
        start = work.first[work.nearest_layer]
        near = np.arange(start, start + len(work.nearest_zones))
        self.near = self._frame("zone", near, work.nearest_zones)

    def _frame(self, column: str, number: Ints, shapes: Shapes) -> Any:
        return self.geopandas.GeoDataFrame({column: number}, geometry=shapes, crs=None)

    def version(self) -> str:
        return f"geopandas {self.geopandas.__version__}"

    def _asked(self, name: str, count: int) -> Any:
        return self._frame("query", np.arange(count), self.work.shapes[name][:count])

    def points(self, count: int) -> Rows:
        found = self.geopandas.sjoin(self._asked("points", count), self.zones, predicate="intersects")
        return Rows(found["query"].to_numpy(), found["zone"].to_numpy(), np.ones(len(found)))

    def small(self, count: int) -> Rows:
        return self._overlay("small", count, "area")

    def corridors(self, count: int) -> Rows:
        return self._overlay("corridors", count, "length")

    def large(self, count: int) -> Rows:
        return self._overlay("large", count, "area")

    def _overlay(self, name: str, count: int, size: str) -> Rows:
        found = self.geopandas.overlay(self._asked(name, count), self.zones, keep_geom_type=True)
        value = getattr(found, size).to_numpy()
        return summed(found["query"].to_numpy(), found["zone"].to_numpy(), value, self.work.zone_count)

    def nearest_points(self, count: int) -> Rows:
        return self._nearest("points", count)

    def nearest_polygons(self, count: int) -> Rows:
        return self._nearest("small", count)

    def _nearest(self, name: str, count: int) -> Rows:
        found = self.geopandas.sjoin_nearest(
            self._asked(name, count), self.near, max_distance=WITHIN_M, distance_col="distance"
        ).drop_duplicates("query")
        return Rows(found["query"].to_numpy(), found["zone"].to_numpy(), found["distance"].to_numpy())


# --- SQL -------------------------------------------------------------------------------------------

# Tables: zones (zone, geom), near (zone, geom), and one of queries for each set (query, geom).
SQL_POINTS = """
    select distinct q.query, z.zone, 1.0 as value
    from (select * from points where query < {count}) q join zones z on st_intersects(z.geom, q.geom)"""
SQL_OVERLAYS = """
    select query, zone, sum(value) as value
    from (
        select q.query, z.zone, {value} as value
        from (select * from {table} where query < {count}) q join zones z on st_intersects(z.geom, q.geom)
    ) pairs
    group by query, zone having sum(value) > 0.000001"""
INTERSECTION = "{size}(st_intersection(z.geom, q.geom))"
# Short-cuts for a query that lies within one piece, and for a piece that lies within the query. Whether they pay
# differs between the databases and the questions.
QUERY_WITHIN = "case when st_contains(z.geom, q.geom) then {size}(q.geom) else " + INTERSECTION + " end"
PIECE_WITHIN = "case when st_contains(q.geom, z.geom) then {size}(z.geom) else " + INTERSECTION + " end"


class Database(Peer):
    """What the databases have in common: the same SQL in their own dialect."""

    of_small: ClassVar[str] = INTERSECTION
    of_corridors: ClassVar[str] = INTERSECTION
    of_large: ClassVar[str] = INTERSECTION

    def rows(self, sql: str) -> Rows:
        """Run a query with columns query, zone, value."""
        raise NotImplementedError

    def points(self, count: int) -> Rows:
        return self.rows(SQL_POINTS.format(count=count))

    def small(self, count: int) -> Rows:
        return self._overlaps("small", self.of_small.format(size="st_area"), count)

    def corridors(self, count: int) -> Rows:
        return self._overlaps("corridors", self.of_corridors.format(size="st_length"), count)

    def large(self, count: int) -> Rows:
        return self._overlaps("large", self.of_large.format(size="st_area"), count)

    def _overlaps(self, table: str, value: str, count: int) -> Rows:
        return self.rows(SQL_OVERLAYS.format(table=table, count=count, value=value))

    def tables(self, work: Workload) -> dict[str, tuple[str, Ints, Shapes]]:
        """Name of the number column, numbers and shapes of each table."""
        zone, shapes = (
            (np.arange(work.zone_count), work.zones) if self.pieces is None else work.tiles(self.pieces)
        )
        start = work.first[work.nearest_layer]
        near = np.arange(start, start + len(work.nearest_zones))
        tables = {"zones": ("zone", zone, shapes), "near": ("zone", near, work.nearest_zones)}
        return tables | {name: ("query", np.arange(len(asked)), asked) for name, asked in work.shapes.items()}


class PostGIS(Database):
    """A server of its own: GiST index, parallel plans, nothing written to disk that need not be."""

    threads = "parallel"
    of_small, of_large = QUERY_WITHIN, PIECE_WITHIN

    def load(self, work: Workload) -> None:
        psycopg = package("psycopg")
        cores = os.cpu_count() or 1
        settings = {
            "shared_buffers": "2GB",
            "work_mem": "256MB",
            "maintenance_work_mem": "1GB",
            "effective_cache_size": "6GB",
            "max_parallel_workers_per_gather": str(cores),
            "max_parallel_workers": str(cores),
            "max_worker_processes": str(2 * cores),
            "min_parallel_table_scan_size": "0",
            "min_parallel_index_scan_size": "0",
            "parallel_setup_cost": "10",
            "parallel_tuple_cost": "0.001",
            "random_page_cost": "1.1",
        }
        self.resources = ExitStack()
        try:
            self.server = self.resources.enter_context(postgis.Server(settings))
        except postgis.NotInstalled as error:
            raise NotInstalled(str(error)) from error
        self.connection = self.resources.enter_context(psycopg.connect(self.server.dsn, autocommit=True))
        for table, (column, number, shapes) in self.tables(work).items():
            self._fill(table, column, number, shapes)
        self.connection.execute("vacuum analyze")

    def tables(self, work: Workload) -> dict[str, tuple[str, Ints, Shapes]]:
        """As whole zones: the server cuts them itself."""
        zones = ("zone", np.arange(work.zone_count), work.zones)
        return super().tables(work) | {"zones": zones}

    def _fill(self, table: str, column: str, number: Ints, shapes: Shapes) -> None:
        run = self.connection.execute
        cut = table == "zones" and self.pieces is not None
        target = "whole" if cut else table
        run(f"create unlogged table {target} ({column} int, geom geometry)")
        with self.connection.cursor().copy(f"copy {target} from stdin (format binary)") as copy:
            copy.set_types(["int4", "bytea"])  # the binary form of a geometry is its WKB
            for start in range(0, len(shapes), 10_000):
                wkb = shapely.to_wkb(shapes[start : start + 10_000])
                for n, shape in zip(number[start : start + 10_000].tolist(), wkb, strict=True):
                    copy.write_row((n, shape))
        if cut:
            run(
                f"create unlogged table {table} as"
                f" select {column}, st_subdivide(geom, {self.pieces}) as geom from {target}"
            )
            run(f"drop table {target}")
        if column == "zone":
            run(f"create index on {table} using gist (geom)")
        else:
            run(f"create index on {table} ({column})")

    def version(self) -> str:
        row = self.connection.execute(
            "select version(), postgis_lib_version(), postgis_geos_version()"
        ).fetchone()
        return f"{' '.join(row[0].split()[:2])}, PostGIS {row[1]}, GEOS {row[2].split('-')[0]}"

    def close(self) -> None:
        if resources := self.__dict__.get("resources"):
            resources.close()
        super().close()

    def rows(self, sql: str) -> Rows:
        """In binary, column by column: the cheapest way out of the server."""
        found = self.connection.cursor(binary=True).execute(
            f"select array_agg(query), array_agg(zone), array_agg(value::float8) from ({sql}) found"
        )
        query, zone, value = found.fetchone()
        return Rows(np.array(query or []), np.array(zone or []), np.array(value or []))

    def nearest_points(self, count: int) -> Rows:
        return self._nearest("points", count)

    def nearest_polygons(self, count: int) -> Rows:
        return self._nearest("small", count)

    def _nearest(self, table: str, count: int) -> Rows:
        return self.rows(
            "select q.query, n.zone, n.distance as value"
            f" from (select * from {table} where query < {count}) q cross join lateral ("
            "   select z.zone, z.geom <-> q.geom as distance from near z"
            f"  where st_dwithin(z.geom, q.geom, {WITHIN_M}) order by z.geom <-> q.geom limit 1) n"
        )

    def prepared(self, question: str) -> Callable[[bytes], Any]:
        """A prepared statement for one query in WKB, for the latency of one call.

        Without parallel workers: to start them takes longer than such a query.
        """
        value = {
            "small": self.of_small.format(size="st_area"),
            "corridors": self.of_corridors.format(size="st_length"),
            "large": self.of_large.format(size="st_area"),
        }
        asked = "(select %b::geometry as geom) q join zones z on st_intersects(z.geom, q.geom)"
        sql = f"select distinct z.zone from {asked}"
        if question in value:
            sql = f"select z.zone, sum({value[question]}) from {asked} group by z.zone"
        self.connection.execute("set max_parallel_workers_per_gather = 0")
        run = self.connection.cursor(binary=True).execute
        return lambda wkb: run(sql, (wkb,), prepare=True).fetchall()


class PostGIS64(PostGIS):
    name, title, pieces, asked = "postgis-64", "PostGIS, pieces of 64", 64, OVERLAYS


class PostGIS256(PostGIS):
    name, title, pieces = "postgis-256", "PostGIS, pieces of 256", 256


class PostGISZones(PostGIS):
    name, title, share, asked = "postgis-zones", "PostGIS, whole zones", 0.02, OVERLAYS


class DuckDB(Database):
    """DuckDB with its spatial extension, which joins through an R-tree of its own making."""

    threads = "all"
    asked = OVERLAYS  # it has no nearest-neighbour join
    of_small, of_large = QUERY_WITHIN, PIECE_WITHIN

    def load(self, work: Workload) -> None:
        duckdb = package("duckdb")
        self.version_text = f"duckdb {duckdb.__version__}"
        arrow = package("pyarrow")
        # The wheel brings the binary of the extension along; it is signed, but not by DuckDB.
        folder = Path(str(package("duckdb_extension_spatial").__file__)).parent
        (binary,) = folder.glob("extensions/*/spatial.duckdb_extension")
        self.connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        run = self.connection.execute
        run(f"load '{binary}'")
        run("set enable_progress_bar = false")
        for table, (column, number, shapes) in self.tables(work).items():
            rows = arrow.table({column: number, "wkb": shapely.to_wkb(shapes)})
            self.connection.register("rows", rows)
            run(f"create table {table} as select {column}, st_geomfromwkb(wkb) as geom from rows")
            self.connection.unregister("rows")

    def version(self) -> str:
        return self.version_text

    def close(self) -> None:
        if connection := self.__dict__.get("connection"):
            connection.close()
        super().close()

    def rows(self, sql: str) -> Rows:
        found = self.connection.execute(sql).fetchnumpy()
        return Rows(*(np.asarray(found[column]) for column in ("query", "zone", "value")))


class DuckDB64(DuckDB):
    name, title, pieces = "duckdb-64", "DuckDB, pieces of 64", 64


class DuckDB256(DuckDB):
    name, title, pieces = "duckdb-256", "DuckDB, pieces of 256", 256


class DuckDBZones(DuckDB):
    name, title, share = "duckdb-zones", "DuckDB, whole zones", 0.02


class SedonaDB(Database):
    """SedonaDB, Apache Sedona's single-node engine, on tables in memory."""

    threads = "all"

    def load(self, work: Workload) -> None:
        sedonadb = package("sedonadb")
        geopandas = package("geopandas")
        self.arrow = package("pyarrow")
        self.version_text = f"sedonadb {sedonadb.__version__}"
        self.connection = sedonadb.connect()
        for table, (column, number, shapes) in self.tables(work).items():
            frame = geopandas.GeoDataFrame({column: number}, geometry=shapes, crs=None).rename_geometry(
                "geom"
            )
            self.connection.create_data_frame(frame).to_memtable().to_view(table)

    def version(self) -> str:
        return self.version_text

    def rows(self, sql: str) -> Rows:
        found = self.arrow.table(self.connection.sql(sql))
        return Rows(*(found[column].to_numpy() for column in ("query", "zone", "value")))

    def nearest_points(self, count: int) -> Rows:
        return self._nearest("points", count)

    def nearest_polygons(self, count: int) -> Rows:
        return self._nearest("small", count)

    def _nearest(self, table: str, count: int) -> Rows:
        return self.rows(
            "select query, zone, value from ("
            "  select q.query, z.zone, st_distance(q.geom, z.geom) as value"
            f" from (select * from {table} where query < {count}) q join near z"
            f" on st_knn(q.geom, z.geom, 1, false)) found where value <= {WITHIN_M}"
        )


class SedonaDB64(SedonaDB):
    name, title, pieces, asked = "sedonadb-64", "SedonaDB, pieces of 64", 64, OVERLAYS
    of_small = QUERY_WITHIN


class SedonaDB256(SedonaDB):
    name, title, pieces = "sedonadb-256", "SedonaDB, pieces of 256", 256


class SedonaDBZones(SedonaDB):
    name, title, share, asked = "sedonadb-zones", "SedonaDB, whole zones", 0.1, OVERLAYS


PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        Shapely64, Shapely256, ShapelyZones,
        SedonaDB64, SedonaDB256, SedonaDBZones,
        PostGIS64, PostGIS256, PostGISZones,
        DuckDB64, DuckDB256, DuckDBZones,
        GeoPandas,
    )
}  # fmt: skip
