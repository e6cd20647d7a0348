"""Clients by other hands read the demo edition from a running server: GDAL (two versions), OWSLib, QGIS."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyogrio
import pytest
import shapely
from pyogrio import raw

from demo_edition import demo_edition
from ogc_server import serving
from sanxian.edition import write_edition
from sanxian.model import SYNTHETIC

PYQGIS = Path("/usr/bin/python3")  # PyQGIS belongs to the Python of the system
SHORT = demo_edition().info.digest.removeprefix("sha256:")[:12]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("clients") / "editions"
    folder.mkdir()
    write_edition(demo_edition(), folder / "demo.gpkg")
    with serving(folder) as address:
        yield address


def test_gdal_lists_every_layer(server: str) -> None:
    names = pyogrio.list_layers(f"OAPIF:{server}/ogc")[:, 0].tolist()
    layers = [layer.id for layer in demo_edition().layers]
    assert names == [f"{key}.{layer}" for key in ("63", SHORT) for layer in layers]


@pytest.mark.parametrize("layer", [layer.id for layer in demo_edition().layers])
def test_gdal_reads_every_feature_exactly(server: str, layer: str) -> None:
    """All pages of all layers, in the storage reference system GDAL prefers, axes put right by itself."""
    zones = demo_edition().zones[layer]
    meta, _, blobs, columns = raw.read(f"OAPIF:{server}/ogc", layer=f"{SHORT}.{layer}")
    assert meta["crs"] == "EPSG:4490"
    field = dict(zip(meta["fields"].tolist(), columns, strict=True))
    assert field["code"].tolist() == [zone.code for zone in zones]
    assert field["name"].tolist() == [zone.name for zone in zones]
    assert set(field["remark"].tolist()) == {SYNTHETIC}
    for shape, zone in zip(shapely.from_wkb(blobs), zones, strict=True):
        assert shapely.equals_exact(
            shapely.normalize(shape), shapely.normalize(zone.geometry), tolerance=1e-9
        )


def test_gdal_filters_by_box_and_property(server: str) -> None:
    zones = demo_edition().zones["control_unit"]
    box = (101.0, 36.0, 102.0, 37.0)
    meta, _, _, columns = raw.read(
        f"OAPIF:{server}/ogc", layer=f"{SHORT}.control_unit", bbox=box, where="class = 'KEY'"
    )
    codes = columns[meta["fields"].tolist().index("code")].tolist()
    inside = shapely.box(*box)
    assert codes == [z.code for z in zones if z.zone_class == "KEY" and z.geometry.intersects(inside)]
    assert 0 < len(codes) < len(zones)


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="gdal-bin is not installed")
def test_the_gdal_of_debian_reads_too(server: str) -> None:
    command = ["ogrinfo", "-ro", "-al", "-so", f"OAPIF:{server}/ogc", f"{SHORT}.park"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f"Feature Count: {len(demo_edition().zones['park'])}" in done.stdout
    assert SYNTHETIC in done.stdout


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_owslib_reads_the_service(server: str) -> None:
    from owslib.ogcapi.features import Features

    client = Features(f"{server}/ogc")
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in client.conformance()["conformsTo"]
    assert set(client.feature_collections()) == {one["id"] for one in client.collections()["collections"]}
    assert client.api()["openapi"] == "3.0.3"
    assert client.collection("63.park")["storageCrs"].endswith("/4490")
    assert "code" in client.collection_queryables("63.park")["properties"]
    zones = demo_edition().zones["park"]
    page = client.collection_items("63.park", limit=3)
    assert [one["id"] for one in page["features"]] == [zone.code for zone in zones[:3]]
    assert page["numberMatched"] == len(zones)
    filtered = client.collection_items("63.park", filter="name LIKE '%化工%'")
    assert [one["id"] for one in filtered["features"]] == [z.code for z in zones if "化工" in z.name]
    assert client.collection_item("63.park", zones[0].code)["properties"]["name"] == zones[0].name


def has_qgis() -> bool:
    if not PYQGIS.exists():
        return False
    found = subprocess.run([PYQGIS, "-c", "import qgis.core"], capture_output=True, check=False)
    return found.returncode == 0


@pytest.mark.skipif(not has_qgis(), reason="PyQGIS is not installed")
@pytest.mark.parametrize("layer", ["control_unit", "receptor"])
def test_qgis_reads_every_feature(server: str, layer: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "LANG": "C.UTF-8",
    }
    script = Path(__file__).with_name("qgis_reads.py")
    command = [str(PYQGIS), str(script), server, f"{SHORT}.{layer}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=clean, check=True)
    found = json.loads(done.stdout)
    assert found["valid"], found["error"]
    zones = {zone.code: zone for zone in demo_edition().zones[layer]}
    assert {one["code"] for one in found["features"]} == zones.keys()
    assert len(found["features"]) == len(zones)
    for one in found["features"]:
        zone = zones[one["code"]]
        assert one["name"] == zone.name
        read = shapely.normalize(shapely.from_wkb(one["wkb"]))
        assert shapely.symmetric_difference(read, zone.geometry).area < 1e-9
        assert shapely.hausdorff_distance(read, zone.geometry) <= 1e-9
    assert found["key"] == sum(zone.zone_class == "KEY" for zone in zones.values())
