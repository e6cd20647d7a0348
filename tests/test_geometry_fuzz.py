"""Damaged bytes give our error or an answer, never another exception, and never hang."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import numpy as np
import pytest

from sanxian import geometry
from sanxian.errors import SanxianError

INPUTS = Path(__file__).parents[2] / "shared" / "inputs"
SAMPLES = sorted(p for p in INPUTS.iterdir() if p.suffix != ".md" and p.name != "expected.json")
CRS = {"05_road.dxf": "EPSG:4543", "06_outfalls_gcj02.csv": "GCJ02"}
ROUNDS = int(os.environ.get("SANXIAN_FUZZ_ROUNDS", "60"))
SECONDS = 20.0  # one reading; far above what any takes


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One of the ways a file breaks: cut off, bits flipped, a stretch zeroed, doubled or dropped."""
    a, b = sorted(int(n) for n in rng.integers(0, len(data), 2))
    match int(rng.integers(0, 5)):
        case 0:
            return data[:b]
        case 1:
            changed = bytearray(data)
            for at in rng.integers(0, len(data), int(rng.integers(1, 20))):
                changed[at] ^= 1 << int(rng.integers(0, 8))
            return bytes(changed)
        case 2:
            return data[:a] + bytes(min(b - a, 64)) + data[a + min(b - a, 64) :]
        case 3:
            return data[:b] + data[a:]
        case _:
            return data[:a] + data[b:]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_a_damaged_file_never_breaks_the_reader(tmp_path: Path, path: Path) -> None:
    rng = np.random.default_rng(list(path.name.encode()))
    data = path.read_bytes()
    for round_ in range(ROUNDS):
        target = tmp_path / path.name
        target.write_bytes(damaged(data, rng))
        started = time.monotonic()
        try:
            geometry.read_footprint(target, crs=CRS.get(path.name))
        except SanxianError as error:
            assert error.text("zh-CN") and error.text("en"), round_
        assert time.monotonic() - started < SECONDS
        assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "path", [p for p in SAMPLES if p.suffix in (".zip", ".kmz", ".xlsx")], ids=lambda p: p.name
)
def test_damage_inside_an_archive_never_breaks_the_reader(tmp_path: Path, path: Path) -> None:
    import zipfile

    rng = np.random.default_rng(1)
    if path.name in ("89_truncated.zip", "91_bomb.zip"):
        members = {"a.geojson": b'{"type": "Point", "coordinates": [101.7, 36.6]}'}
    else:
        with zipfile.ZipFile(path) as zf:
            members = {info.filename: zf.read(info) for info in zf.infolist()}
    names = list(members)
    for _ in range(ROUNDS):
        victim = names[int(rng.integers(0, len(names)))]
        with zipfile.ZipFile(tmp_path / path.name, "w") as zf:
            for name, data in members.items():
                zf.writestr(name, damaged(data, rng) if name == victim and data else data)
        with contextlib.suppress(SanxianError):
            geometry.read_footprint(tmp_path / path.name)


def test_random_text_never_breaks_the_pasted_readers() -> None:
    rng = np.random.default_rng(2)
    alphabet = list("0123456789.,;- \n\t°'\"经纬度点号XYJ圈(){}[]POLYGON\ufeff\0")
    for _ in range(500):
        text = "".join(rng.choice(alphabet, int(rng.integers(0, 120))))
        for read in (geometry.footprint_from_corners, geometry.footprint_from_wkt):
            with contextlib.suppress(SanxianError):
                read(text)
