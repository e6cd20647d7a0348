"""pyramid_oereb on PostGIS, set up as well as we know how, for ``bench/oereb.py``.

The data: 224 × 224 squares of 2 km with 201 vertices each (one theme), the 196 blocks of 16 × 16 of them (a second
theme), and four parcels. What is done in the peer's favour is listed in :data:`SETUP`.
"""

# ruff: noqa: S603, S608 - SQL made of our own constants, programs of the environment we made

from __future__ import annotations

import json
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
import yaml

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # the throw-away server is shared with the tests
import postgis_cluster as postgis

SIDE: Final = 224
BLOCK: Final = 16  # units along the side of a block
CELL_M: Final = 2000
WEST_M, SOUTH_M = 2_384_879, 1_037_850  # of the grid in EPSG:2056, as in the reference measurement
STEPS: Final = 50  # pieces of a unit's side: 201 vertices with the closing one
SRID: Final = 2056
FOSNR: Final = 2771

UNITS, BLOCKS = "ch.Nutzungsplanung", "ch.ProjektierungszonenEisenbahnanlagen"
SCHEMAS: Final = {UNITS: "land_use_plans", BLOCKS: "railways_project_planning_zones"}

SETTINGS: Final = {
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
}

SETUP: Final = (
    "pyramid_oereb 2.6.0, its standard sources, JSON extract, without geometry of the restrictions, without images",
    "2 themes instead of the federal 17 (each theme costs queries); geometry typed POLYGON, not collection",
    "GiST index on every geometry column (its table generator makes none), B-tree on every foreign key and on the EGRID",
    (
        "integer keys; geometry stored out of line and uncompressed (STORAGE EXTERNAL), which saves unpacking; VACUUM "
        "ANALYZE; everything in the page cache"
    ),
    (
        "no tolerance (ST_Intersects), one geometry a restriction, one law a theme (it fails without), no further documents; "
        "one legend entry, view service and office a theme; no glossary, no disclaimers: whatever is optional in its answer "
        "and costs it time is left out"
    ),
    "PostgreSQL: fsync off, jit off, autovacuum off, " + ", ".join(f"{k} = {v}" for k, v in SETTINGS.items()),
    (
        "pserve with waitress, 2 threads, and beside it a second such process with the clients spread over both; logging at "
        "WARN, no template reloading, no debug toolbar; kept-alive connections on the loopback interface"
    ),
)

# 1 × 1 PNG, for symbols and logos.
PIXEL: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

PARCELS: Final = """
  select 1 k, st_makeenvelope(2608800,1261800,2609000,1262000,2056) g union all
  select 2, st_makeenvelope(2608000,1261000,2610000,1263000,2056) union all
  select 3, st_makeenvelope(2600000,1252000,2620000,1272000,2056) union all
  select 4, st_buffer(st_setsrid(st_makeline(st_point(2559000,1211000),st_point(2659000,1311000)),2056),100)
"""

# The same four at places that lie to the grid as the first does, so that no answer can be a remembered one.
SHIFTS: Final = tuple((x, y) for x in range(-2, 3) for y in range(-2, 3))  # in blocks
PLACES: Final = " union all ".join(
    f"select 'CHTEST' || k || '{n:02d}' egrid, st_translate(g, {x * BLOCK * CELL_M}, {y * BLOCK * CELL_M}) g "
    f"from ({PARCELS}) s{n}"
    for n, (x, y) in enumerate(SHIFTS)
)
CASES: Final = {"T1": 1, "T2": 2, "T3": 3, "T4": 4}


def egrids(case: str) -> list[str]:
    """Identifiers of a parcel at all its places."""
    return [f"CHTEST{CASES[case]}{n:02d}" for n in range(len(SHIFTS))]


# Unrounded areas, which its JSON rounds to whole square metres and gives without the identity of the restriction.
CHECK: Final = """
import json, sys
from pyramid_oereb.core.config import Config
Config.init(sys.argv[1], "pyramid_oereb", init_data=True)
from pyramid_oereb.core.processor import create_processor
from pyramid_oereb.core.views.webservice import Parameter
processor, found = create_processor(), {}
for egrid in sys.argv[2:]:
    params = Parameter("json", extract_url="http://127.0.0.1/", egrid=egrid)
    (estate,) = processor.real_estate_reader.read(params, egrid=egrid)
    extract = processor.process(estate, params, "")
    found[egrid] = [
        [plr.theme.code, *plr_geometry.geom.bounds[:2], plr_geometry.area_share * estate.areas_ratio, plr.area_share]
        for plr in extract.real_estate.public_law_restrictions for plr_geometry in plr.geometries
    ]
print(json.dumps(found))
"""


def environment(folder: Path) -> Path:
    """The ``bin`` folder of the peer's virtual environment, made when it is not there."""
    ready = folder / ".installed"
    if not ready.exists():
        venv.create(folder, with_pip=True, clear=True)
        wanted = Path(__file__).with_name("requirements-oereb.in")
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "-qq",
        ]
        subprocess.run([*pip, "install", "-r", str(wanted)], check=True)
        ready.touch()
    return folder / "bin"


def configuration(url: str) -> dict[str, Any]:
    """The peer's YAML: its own template cut to two themes."""
    standard = "pyramid_oereb.contrib.data_sources.standard"

    def source(name: str, model: str) -> dict[str, Any]:
        where = {"db_connection": url, "model": f"{standard}.models.main.{model}"}
        return {"source": {"class": f"{standard}.sources.{name}.DatabaseSource", "params": where}}

    def lookup(*codes: tuple[str, str]) -> list[dict[str, str]]:
        return [{"data_code": de, "transfer_code": de, "extract_code": en} for de, en in codes]

    status = lookup(("inKraft", "inForce"), ("AenderungMitVorwirkung", "changeWithPreEffect"))
    types = lookup(
        ("Rechtsvorschrift", "LegalProvision"), ("GesetzlicheGrundlage", "Law"), ("Hinweis", "Hint")
    )
    plan = {"reference_wms": {"de": WMS}, "layer_index": 0, "layer_opacity": 1.0}
    theme = {
        "geometry_type": "POLYGON",
        "thresholds": {
            "length": {"limit": 1.0, "unit": "m", "precision": 2},
            "area": {"limit": 1.0, "unit": "m²", "precision": 2},
            "percentage": {"precision": 1},
        },
        "language": "de",
        "federal": False,
        "view_service": {"layer_index": 1, "layer_opacity": 1.0},
        "hooks": {
            "get_symbol": f"{standard}.hook_methods.get_symbol",
            "get_symbol_ref": "pyramid_oereb.core.hook_methods.get_symbol_ref",
        },
        "law_status_lookup": status,
        "document_types_lookup": types,
    }
    hooks = "pyramid_oereb.core.hook_methods"
    return {
        "language": ["de"],
        "default_language": "de",
        "flavour": ["REDUCED"],
        "print": {
            "renderer": "pyramid_oereb.contrib.print_proxy.mapfish_print.mapfish_print.Renderer",
            "buffer": 10,
            "basic_map_size": [493, 280],
            "pdf_dpi": 300,
            "pdf_map_size_millimeters": [174, 99],
            "base_url": "http://127.0.0.1:9/",
            "template_name": "none",
        },
        "app_schema": {
            "name": "pyramid_oereb_main",
            "models": f"{standard}.models.main",
            "db_connection": url,
            "law_status_lookup": status,
            "document_types_lookup": types,
        },
        "srid": SRID,
        "geometry_types": {
            "point": {"types": ["Point", "MultiPoint"]},
            "line": {"types": ["LineString", "LinearRing", "MultiLineString"]},
            "polygon": {"types": ["Polygon", "MultiPolygon"]},
            "collection": {"types": ["GeometryCollection"]},
        },
        "plr_cadastre_authority": {"name": {"de": "Test"}, "office_at_web": {"de": "http://127.0.0.1/"}},
        "real_estate": {
            "plan_for_land_register": plan,
            "plan_for_land_register_main_page": plan,
            "visualisation": {"method": f"{hooks}.produce_sld_content", "url_params": ["egrid"]},
            **source("real_estate", "RealEstate"),
        },
        "logo_lookups": {"confederation": "ch", "oereb": "ch.plr", "canton": "bl"},
        "real_estate_type": {
            "lookup": lookup(("Liegenschaft", "RealEstate")),
            **source("real_estate_type", "RealEstateType"),
        },
        "extract": {
            "base_data": {"methods": {"date": f"{hooks}.get_surveying_data_update_date"}},
            "sort_within_themes_method": f"{hooks}.plr_sort_within_themes",
            "redirect": "http://127.0.0.1/{egrid}",
        },
        "plrs": [
            {
                "code": code,
                **theme,
                "source": {
                    "class": f"{standard}.sources.plr.DatabaseSource",
                    "params": {
                        "db_connection": url,
                        "model_factory": f"{standard}.models.theme.model_factory_integer_pk",
                        "schema_name": schema,
                    },
                },
            }
            for code, schema in SCHEMAS.items()
        ],
        **{key: source(*names) for key, names in SOURCES.items()},
        "logos": {
            "hooks": {name: f"{hooks}.{name}" for name in ("get_logo_ref", "get_qr_code_ref")},
            **source("logo", "Logo"),
        },
    }


WMS: Final = (
    "http://127.0.0.1/?SERVICE=WMS&REQUEST=GetMap&VERSION=1.3.0&STYLES=default&CRS=EPSG:2056&LAYERS=a"
)
SOURCES: Final = {
    "address": ("address", "Address"),
    "municipality": ("municipality", "Municipality"),
    "document_types": ("document_types", "DocumentTypeText"),
    "documents": ("document", "Document"),
    "offices": ("office", "Office"),
    "theme": ("theme", "Theme"),
    "theme_document": ("theme_document", "ThemeDocument"),
    "glossary": ("glossary", "Glossary"),
    "disclaimer": ("disclaimer", "Disclaimer"),
    "law_status_labels": ("law_status", "LawStatus"),
    "general_information": ("general_information", "GeneralInformation"),
    "map_layering": ("map_layering", "MapLayering"),
    "availability": ("availability", "Availability"),
}

INI: Final = """[app:main]
use = egg:pyramid_oereb
pyramid.reload_templates = false
pyramid_oereb.cfg.file = {yaml}
pyramid_oereb.cfg.section = pyramid_oereb

[server:main]
use = egg:waitress#main
listen = 127.0.0.1:{port}
threads = 2

[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARN
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = WARN
formatter = plain
[formatter_plain]
format = %(levelname)s %(message)s
"""


def fill(connection: psycopg.Connection[Any]) -> None:
    """The rows, then every index that helps."""
    run = connection.execute
    run("set search_path to pyramid_oereb_main, public")
    title = json.dumps({"de": "Test"})
    run("insert into municipality(fosnr, name, published) values (%s, 'Test', true)", (FOSNR,))
    for n, code in enumerate(("ch", "ch.plr", "bl", f"ch.{FOSNR}")):
        run("insert into logo(id, code, logo) values (%s, %s, %s)", (str(n), code, json.dumps({"de": PIXEL})))
    run("insert into office(id, name) values ('1', %s)", (title,))
    run(
        "insert into document(id, document_type, index, law_status, title, office_id, published_from) "
        "values ('1', 'GesetzlicheGrundlage', 1, 'inKraft', %s, '1', '2020-01-01')",
        (title,),
    )
    for n, code in enumerate(SCHEMAS):
        run(
            "insert into theme(id, code, title, extract_index) values (%s, %s, %s, %s)",
            (str(n), code, title, n),
        )
        run("insert into theme_document(theme_id, document_id) values (%s, '1')", (str(n),))
    for code in ("inKraft", "AenderungMitVorwirkung"):
        run("insert into law_status(code, title) values (%s, %s)", (code, title))
    for code in ("Rechtsvorschrift", "GesetzlicheGrundlage", "Hinweis"):
        run("insert into document_types(code, title) values (%s, %s)", (code, title))
    run("insert into real_estate_type(id, code, title) values ('1', 'Liegenschaft', %s)", (title,))
    run("insert into general_information(id, title, content) values ('1', %s, %s)", (title, title))
    run(
        'insert into real_estate(id, identdn, number, egrid, type, canton, municipality, fosnr, land_registry_area, "limit") '
        "select row_number() over (), 'BL', egrid, egrid, 'Liegenschaft', 'BL', 'Test', %s, "
        f"greatest(1, round(st_area(g)))::int, st_multi(g) from ({PLACES}) s",
        (FOSNR,),
    )
    run("create index on real_estate(egrid)")
    run('create index on real_estate using gist("limit")')
    for code, schema in SCHEMAS.items():
        per_side, size = (SIDE, CELL_M) if code == UNITS else (SIDE // BLOCK, CELL_M * BLOCK)
        run(f"set search_path to {schema}, public")
        run("insert into office(id, name) values (1, %s)", (title,))
        run(
            "insert into view_service(id, reference_wms, layer_index, layer_opacity) values (1, %s, 1, 1.0)",
            (json.dumps({"de": WMS}),),
        )
        run(
            "insert into legend_entry(id, symbol, legend_text, type_code, type_code_list, theme, view_service_id) "
            "values (1, %s, %s, 'A', '', %s, 1)",
            (PIXEL, title, code),
        )
        grid = f"generate_series(0, {per_side - 1}) i, generate_series(0, {per_side - 1}) j"
        run(
            "insert into public_law_restriction(id, law_status, published_from, view_service_id, office_id, legend_entry_id) "
            f"select i * {per_side} + j, 'inKraft', '2020-01-01', 1, 1, 1 from {grid}"
        )
        run("alter table geometry alter column geom set storage external")
        corner = f"{WEST_M} + i * {size}, {SOUTH_M} + j * {size}"
        opposite = f"{WEST_M} + (i + 1) * {size}, {SOUTH_M} + (j + 1) * {size}"
        run(
            "insert into geometry(id, law_status, published_from, geom, public_law_restriction_id) "
            f"select i * {per_side} + j, 'inKraft', '2020-01-01', "
            f"st_segmentize(st_makeenvelope({corner}, {opposite}, {SRID}), {CELL_M // STEPS}), i * {per_side} + j "
            f"from {grid}"
        )
        run("create index on geometry using gist(geom)")
        for table, column in FOREIGN:
            run(f"create index on {table}({column})")
    connection.commit()
    connection.autocommit = True
    run("vacuum analyze")


FOREIGN: Final = (
    ("geometry", "public_law_restriction_id"),
    ("public_law_restriction", "view_service_id"),
    ("public_law_restriction", "legend_entry_id"),
    ("public_law_restriction", "office_id"),
    ("public_law_restriction_document", "public_law_restriction_id"),
    ("public_law_restriction_document", "document_id"),
    ("legend_entry", "view_service_id"),
)


class Peer:
    """Its database filled and its configuration written; servers are started one by one."""

    def __init__(self, server: postgis.Server, binaries: Path, folder: Path) -> None:
        self.dsn = server.dsn
        self.binaries = binaries
        self.folder = folder
        self.yaml = folder / "oereb.yml"
        url = f"postgresql://{postgis.USER}@127.0.0.1:{server.port}/{postgis.DATABASE}"
        self.yaml.write_text(
            yaml.safe_dump({"pyramid_oereb": configuration(url)}, allow_unicode=True), "utf-8"
        )
        start = time.perf_counter()
        for program in ("create_main_schema_tables", "create_standard_tables"):
            sql = folder / f"{program}.sql"
            self._run(program, "--configuration", str(self.yaml), "--sql-file", str(sql), "--over-write")
            with psycopg.connect(self.dsn) as connection:
                connection.execute(sql.read_text("utf-8"))
        with psycopg.connect(self.dsn) as connection:
            fill(connection)
        self.filled_s = time.perf_counter() - start

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.binaries / program, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr[-2000:]}")
        return done.stdout

    def areas(self, egrids: Sequence[str]) -> dict[str, dict[tuple[str, int], tuple[float, int]]]:
        """By parcel: (theme, number of the unit or block) to unrounded and rounded area in m², by its own code."""
        said = json.loads(self._run("python", "-c", CHECK, str(self.yaml), *egrids))
        return {
            egrid: {
                (theme, self._number(theme, x, y)): (area, rounded) for theme, x, y, area, rounded in rows
            }
            for egrid, rows in said.items()
        }

    @staticmethod
    def _number(theme: str, west: float, south: float) -> int:
        per_side, size = (SIDE, CELL_M) if theme == UNITS else (SIDE // BLOCK, CELL_M * BLOCK)
        return round((west - WEST_M) / size) * per_side + round((south - SOUTH_M) / size)

    def oracle(self, egrid: str) -> dict[tuple[str, int], float]:
        """The same by plain PostGIS, without threshold."""
        found: dict[tuple[str, int], float] = {}
        with psycopg.connect(self.dsn) as connection:
            for code, schema in SCHEMAS.items():
                rows = connection.execute(
                    f'select g.id, st_area(st_intersection(g.geom, r."limit")) from {schema}.geometry g, '
                    'pyramid_oereb_main.real_estate r where r.egrid = %s and st_intersects(g.geom, r."limit")',
                    (egrid,),
                )
                found |= {(code, number): area for number, area in rows if area > 0}
        return found

    def parcels(self) -> dict[str, bytes]:
        """Every parcel as WKB in EPSG:2056."""
        with psycopg.connect(self.dsn) as connection:
            asked = 'select egrid, st_asbinary(st_geometryn("limit", 1)) from pyramid_oereb_main.real_estate'
            return {egrid: bytes(shape) for egrid, shape in connection.execute(asked)}

    def serve(self) -> tuple[subprocess.Popen[bytes], int]:
        """A ``pserve`` of its own, and its port; it may not listen yet."""
        port = postgis.free_port()
        ini = self.folder / f"oereb-{port}.ini"
        ini.write_text(INI.format(yaml=self.yaml, port=port), "utf-8")
        command = [self.binaries / "pserve", ini]
        with (self.folder / f"oereb-{port}.log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT), port
