"""The index file: whole or not at all, and never believed where a byte of it is not what was written."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import shapely

from demo_edition import demo_edition
from engine_layers import lines, plane_layers, plane_zones, polygons, reach
from sample_edition import sample_edition
from sanxian import screen
from sanxian.edition import Edition, open_edition, write_edition
from sanxian.edition import index as edition_index
from sanxian.edition.index import build_index, index_info, index_of, index_path, sweep, verify_index
from sanxian.engine import ELLIPSOID, PLANE, Index, Shapes, store
from sanxian.engine.build import plan
from sanxian.engine.grid import Grid
from sanxian.engine.store import open_stored
from sanxian.errors import IndexBroken, OutputFailed
from sanxian.model import Part, Project

KEY = {"edition": "of a test", "index": "1"}


def write(path: Path, cell: float | None = 1024.0) -> Index:
    """Write the index of the plane layers; return the same, built in memory."""
    layers = [Shapes.of(layer) for layer in plane_layers()]
    store.write(path, plan(layers, PLANE, cell), KEY)
    return Index.build(layers, PLANE, cell=cell)


@lru_cache(maxsize=1)
def good_bytes() -> bytes:
    with TemporaryDirectory() as folder:
        write(Path(folder) / "good")
        return (Path(folder) / "good").read_bytes()


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An index file whose columns are checked in stretches of 4 KiB: of several in most columns."""
    monkeypatch.setattr(store, "STRETCH", 4096)
    return good_bytes()


def reason_of(error: IndexBroken) -> str:
    """The key of the reason an error gives, by its wording."""
    return next(key for key, words in store._REASONS.items() if words == error.fields["reason"])


def places(path: Path) -> dict[str, tuple[int, int]]:
    """Where each column lies in the file: first byte and number of bytes."""
    return {name: (offset, size) for name, (offset, size, _) in open_stored(path).guard._places.items()}


# --- what was written is what is read ------------------------------------------------------------


@pytest.mark.parametrize("cell", [None, 256.0, 1024.0, 16384.0])
def test_an_opened_index_is_the_index_built(tmp_path: Path, cell: float | None) -> None:
    built = write(tmp_path / "x", cell)
    opened = Index.open(tmp_path / "x", KEY)
    opened.verify()
    for name in Grid._fields:
        one, other = getattr(built.grid, name), getattr(opened.grid, name)
        assert one.dtype == other.dtype
        assert not other.flags.writeable
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert other.ctypes.data % 64 == 0
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_an_index_of_nothing_can_be_written_and_opened(tmp_path: Path) -> None:
    store.write(tmp_path / "x", plan([Shapes.of([]), Shapes.of([shapely.Polygon()])], PLANE), KEY)
    opened = Index.open(tmp_path / "x", KEY)
    opened.verify()
    assert len(opened.areas(Shapes.of(polygons())).query) == 0


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    made = plan([Shapes.of(layer) for layer in plane_layers()], PLANE, 1024.0)
    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path / "x", made, KEY, stop)
    assert list(tmp_path.iterdir()) == []


# --- damage --------------------------------------------------------------------------------------


def questions() -> list[Callable[[Index], object]]:
    """Everything an index is asked; first what reads the whole grid."""
    everywhere = Shapes.of([shapely.box(-1e5, -1e5, 1e5, 1e5), *polygons()[::5]])
    spots = np.random.default_rng(1).uniform(0, 10_000, (200, 2))
    walks = Shapes.of(lines()[::4])
    some = np.arange(len(plane_zones()), dtype=np.int32)
    point, area = Shapes.of([shapely.Point(-900, 5000)]), Shapes.of([polygons()[30]])
    none = np.empty(0, np.int32)
    within = reach(3000.0, 3000.0, 3000.0, 3000.0)
    met = np.flatnonzero(shapely.intersects(polygons()[30], plane_zones())).astype(np.int32)
    return [
        lambda index: index.areas(everywhere),
        lambda index: index.points(spots),
        lambda index: index.lengths(walks),
        lambda index: index.nearest(walks, 2, 1e4),
        lambda index: index.near(point, 0, within, none),
        lambda index: index.nearest_of(point, 0, some),
        lambda index: index.depths(area, 0, met),
    ]


def answer(question: Callable[[Index], object], index: Index) -> bytes:
    found = question(index)
    arrays = found if isinstance(found, tuple) else (found,)
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


@lru_cache(maxsize=1)
def answers() -> list[bytes]:
    built = Index.build([Shapes.of(layer) for layer in plane_layers()], PLANE, cell=1024.0)
    return [answer(question, built) for question in questions()]


@pytest.mark.parametrize("column", Grid._fields)
@pytest.mark.parametrize("order", [1, -1])
def test_no_answer_rests_on_a_byte_that_is_not_what_was_written(
    tmp_path: Path, good: bytes, column: str, order: int
) -> None:
    """Each question is answered as by the undamaged index or not at all, whatever was asked before it."""
    path = tmp_path / "x"
    path.write_bytes(good)
    offset, size = places(path)[column]
    assert size > 0, "the test's layers leave no column empty"
    rng = np.random.default_rng(sum(column.encode()))
    for at in [0, size // 2, size - 1, *rng.integers(0, size, 4).tolist()]:
        torn = bytearray(good)
        torn[offset + at] ^= 1 << int(rng.integers(8))
        path.write_bytes(torn)
        refused = 0
        try:
            index = Index.open(path, KEY)
        except IndexBroken as cause:
            assert reason_of(cause) == "damaged"
            continue
        for question, truth in list(zip(questions(), answers(), strict=True))[::order]:
            try:
                assert answer(question, index) == truth
            except IndexBroken as cause:
                assert reason_of(cause) == "damaged"
                refused += 1
        assert refused, (column, at)
        with pytest.raises(IndexBroken) as caught:
            Index.open(path, KEY).verify()
        assert reason_of(caught.value) == "damaged"


def test_an_undamaged_file_passes_the_same_questions(tmp_path: Path, good: bytes) -> None:
    (tmp_path / "x").write_bytes(good)
    index = Index.open(tmp_path / "x", KEY)
    assert [answer(question, index) for question in questions()] == answers()
    index.verify()
    assert [answer(question, index) for question in questions()] == answers()


def test_only_what_an_answer_rests_on_is_read(tmp_path: Path, good: bytes) -> None:
    """Damage in the east does not stop an answer about the west."""
    path = tmp_path / "x"
    torn = bytearray(good)
    path.write_bytes(good)
    offset, size = places(path)["piece"]
    torn[offset + size - 1] ^= 1
    path.write_bytes(torn)
    index = Index.open(path, KEY)
    west = Shapes.of([shapely.box(100, 100, 900, 9000)])
    built = Index.build([Shapes.of(layer) for layer in plane_layers()], PLANE, cell=1024.0)
    assert answer(lambda i: i.areas(west), index) == answer(lambda i: i.areas(west), built)
    with pytest.raises(IndexBroken):
        index.areas(Shapes.of([shapely.box(0, 0, 20_000, 9000)]))


def test_a_damaged_header_does_not_open(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "x"
    preamble = store._PREAMBLE.size
    length = store._PREAMBLE.unpack_from(good)[1]
    covered = [*range(preamble - 4), *range(preamble, preamble + length, 97), preamble + length - 1]
    for at in covered:  # the last four bytes of the preamble are padding
        torn = bytearray(good)
        torn[at] ^= 0x10
        path.write_bytes(torn)
        with pytest.raises(IndexBroken) as caught:
            open_stored(path)
        assert reason_of(caught.value) == "torn"


def test_a_file_cut_short_or_run_on_does_not_open(tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "x"
    lengths = [0, 1, 31, 32, 100, len(good) // 3, len(good) // 2, len(good) - 64, len(good) - 1]
    for torn in [*(good[:n] for n in lengths), good + b"\0", good + good]:
        path.write_bytes(torn)
        with pytest.raises(IndexBroken) as caught:
            open_stored(path)
        assert reason_of(caught.value) == "torn"


def test_what_is_no_index_does_not_open(tmp_path: Path) -> None:
    for reason, make in (
        ("missing", str),  # nothing is made
        ("missing", Path.mkdir),
        ("torn", lambda p: p.write_bytes(b"GPKG" * 50)),
    ):
        path = tmp_path / "x"
        make(path)
        with pytest.raises(IndexBroken) as caught:
            open_stored(path)
        assert reason_of(caught.value) == reason
        if path.is_dir():
            path.rmdir()


def test_an_index_of_something_else_does_not_open(
    tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(good)
    open_stored(path, KEY)
    for other in ({**KEY, "edition": "another"}, {"edition": KEY["edition"]}, {**KEY, "more": "1"}, {}):
        with pytest.raises(IndexBroken) as caught:
            open_stored(path, other)
        assert reason_of(caught.value) == "stale"
    monkeypatch.setattr(store, "FORMAT_VERSION", store.FORMAT_VERSION + 1)
    with pytest.raises(IndexBroken) as caught:
        open_stored(path, KEY)
    assert reason_of(caught.value) == "stale"


def test_threads_that_open_one_index_agree(tmp_path: Path, good: bytes) -> None:
    """The first questions of several threads check the file side by side."""
    (tmp_path / "x").write_bytes(good)
    for _ in range(10):
        index = Index.open(tmp_path / "x", KEY)
        together = threading.Barrier(8)

        def ask(number: int, index: Index = index, together: threading.Barrier = together) -> bool:
            chosen = number % len(questions())
            together.wait()
            return answer(questions()[chosen], index) == answers()[chosen]

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(ask, range(8)))


# --- the index of an edition ----------------------------------------------------------------------


@pytest.fixture
def edition(tmp_path: Path) -> Edition:
    write_edition(sample_edition(), tmp_path / "示例市.gpkg")
    return open_edition(tmp_path / "示例市.gpkg")


def held(index: Index) -> list[tuple[int, float]]:
    found = index.areas(Shapes.of([shapely.box(100.05, 36.05, 100.35, 36.15)]))
    return sorted(zip(found.zone.tolist(), found.size.tolist(), strict=True))


def test_the_index_is_built_beside_the_edition_once(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = index_of(edition)
    assert edition.origin is not None
    path = index_path(edition.origin)
    assert path.is_file()
    assert {p.name for p in path.parent.iterdir()} == {"示例市.gpkg", "示例市.gpkg.index"}
    info = verify_index(edition)
    assert (info.path, info.size) == (path, path.stat().st_size)
    assert info.zones == sum(map(len, edition.zones.values()))
    assert info.key["edition"] == edition.info.digest
    assert info.cell_degrees <= 1 / 16
    monkeypatch.setattr(store, "write", None)  # nothing is written a second time
    assert held(index_of(open_edition(edition.origin))) == held(built)


def test_an_edition_in_memory_has_an_index_in_memory(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk = held(index_of(edition))
    monkeypatch.setattr(store, "write", None)
    assert held(index_of(replace(edition))) == on_disk
    with pytest.raises(ValueError, match="memory"):
        build_index(sample_edition())


@pytest.mark.parametrize("reason", ["missing", "torn", "stale edition", "stale engine"])
def test_an_index_that_does_not_fit_is_refused_and_built_again(
    edition: Edition, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = held(index_of(edition))
    assert edition.origin is not None
    path = index_path(edition.origin)
    if reason == "missing":
        path.unlink()
    elif reason == "torn":
        path.write_bytes(path.read_bytes()[:-1])
    elif reason == "stale edition":  # the edition is published anew under the same name
        other = sample_edition()
        zones = {**other.zones, "water_zone": other.zones["water_zone"][:1]}
        write_edition(replace(other, zones=zones), edition.origin)
        edition = open_edition(edition.origin)
    else:
        monkeypatch.setattr(edition_index, "INDEX_VERSION", "another")
    with pytest.raises(IndexBroken) as caught:
        verify_index(edition)
    assert caught.value.text("zh-CN")
    assert caught.value.text("en")
    with pytest.raises(IndexBroken):
        index_info(edition)
    again = held(index_of(edition))
    if reason == "stale edition":
        assert len(again) < len(truth)
    else:
        assert again == truth
    verify_index(edition)


def test_damage_stops_verification_and_screening_with_the_same_error(edition: Edition) -> None:
    build_index(edition)
    assert edition.origin is not None
    path = index_path(edition.origin)
    offset, size = places(path)["piece"]
    torn = bytearray(path.read_bytes())
    torn[offset + size // 2] ^= 1
    path.write_bytes(torn)
    again = open_edition(edition.origin)
    with pytest.raises(IndexBroken):
        verify_index(again)
    project = Project(parts=(Part(role="厂区", geometry=shapely.box(100.0, 36.0, 100.4, 36.2)),), facts={})
    with pytest.raises(IndexBroken):
        screen(project, again, as_of=date(2026, 9, 1))


@pytest.mark.parametrize("trouble", [errno.EROFS, errno.ENOSPC, errno.EACCES, "a folder in the way"])
def test_where_nothing_can_be_written_the_index_lives_in_memory(
    edition: Edition, trouble: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edition.origin is not None
    truth = held(Index.build(edition_index._layers(edition), ELLIPSOID))
    if isinstance(trouble, str):
        index_path(edition.origin).mkdir()
    else:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(trouble, os.strerror(trouble))

        monkeypatch.setattr(store, "_put", refuse)
    assert held(index_of(edition)) == truth
    with pytest.raises(OutputFailed):
        build_index(edition)
    assert not index_path(edition.origin).is_file()
    assert not [p for p in edition.origin.parent.iterdir() if p.name.startswith(".")]


# --- processes that are killed, processes at once -------------------------------------------------

KILLED = """
import os, signal, sys
from pathlib import Path
from sanxian.edition import open_edition
from sanxian.edition.index import build_index
from sanxian.engine import build, store

moment = sys.argv[2]
build.BLOCK_PIECES = 2000

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def progress(share):
    if moment.startswith("0.") and share >= float(moment):
        die()

def until_pieces(stretches):
    def some(path):
        if path.name == "piece":
            die()
        return stretches(path)
    return some

if moment == "checksums":
    store._stretches_of = until_pieces(store._stretches_of)
elif moment == "columns":
    stretches, passes = store._stretches_of, iter((0, 1))
    def second(path):  # the first pass sums, the second writes
        return until_pieces(stretches)(path) if path.name == "piece" and next(passes) else stretches(path)
    store._stretches_of = second
elif moment == "renaming":
    Path.replace = die
build_index(open_edition(sys.argv[1]), progress)
print("done")
"""

MOMENTS = ("0.0", "0.3", "0.6", "0.99", "checksums", "columns", "renaming")


def run(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("demo") / "demo.gpkg"
    write_edition(demo_edition(), path)
    return path.read_bytes()


def test_a_build_killed_at_any_moment_leaves_no_index_and_the_next_one_works(
    tmp_path: Path, demo: bytes
) -> None:
    whole = tmp_path / "whole.gpkg"
    whole.write_bytes(demo)
    build_index(open_edition(whole))
    for moment in MOMENTS:
        path = tmp_path / f"{moment}.gpkg"
        path.write_bytes(demo)
        process = run(KILLED, str(path), moment)
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out) == (-signal.SIGKILL, ""), err
        index = index_path(path)
        assert not index.exists()
        strays = [p for p in tmp_path.iterdir() if p.name.startswith(f".{index.name}")]
        assert strays, "killed too early to leave anything"
        for stray in strays:  # nobody looks for them; what opens all the same is complete
            try:
                Index.open(stray)
            except IndexBroken:
                assert moment != "renaming" or stray.is_dir()
            else:
                assert moment == "renaming"
        edition = open_edition(path)
        build_index(edition)
        verify_index(edition)
        assert index.read_bytes() == index_path(whole).read_bytes()
        sweep(edition, time.time() - 3600)
        assert all(stray.exists() for stray in strays)  # a build may still be at work on them
        sweep(edition, time.time() + 1)
        assert not any(stray.exists() for stray in strays)
        verify_index(edition)


def test_a_build_killed_while_an_index_stands_leaves_it_standing(edition: Edition) -> None:
    build_index(edition)
    assert edition.origin is not None
    before = index_path(edition.origin).read_bytes()
    for moment in ("0.0", "columns", "renaming"):
        process = run(KILLED, str(edition.origin), moment)
        process.communicate(timeout=300)
        assert process.returncode == -signal.SIGKILL
        assert index_path(edition.origin).read_bytes() == before
        verify_index(edition)


AT_ONCE = """
import json, sys, time
from pathlib import Path
import shapely
from sanxian.edition import open_edition
from sanxian.edition.index import index_of
from sanxian.engine import Shapes
edition = open_edition(sys.argv[1])
Path(sys.argv[2]).touch()
while len(list(Path(sys.argv[2]).parent.glob("*.ready"))) < 3:
    time.sleep(0.001)
index = index_of(edition)
index.verify()
found = index.areas(Shapes.of([shapely.box(90, 32, 103, 39)]))
print(json.dumps(sorted(zip(found.zone.tolist(), found.size.tolist()))))
"""


def test_processes_that_build_at_once_all_end_with_a_good_index(tmp_path: Path, demo: bytes) -> None:
    path, flags = tmp_path / "demo.gpkg", tmp_path / "flags"
    flags.mkdir()
    path.write_bytes(demo)
    processes = [run(AT_ONCE, str(path), str(flags / f"{i}.ready")) for i in range(3)]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    found = [json.loads(out) for out, _ in outputs]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 100
    assert {p.name for p in tmp_path.iterdir()} == {"demo.gpkg", "demo.gpkg.index", "flags"}
    verify_index(open_edition(path))


# --- memory --------------------------------------------------------------------------------------

MEMORY = """
import sys
from pathlib import Path
import numpy as np
from sanxian.engine import PLANE, Shapes, store
from sanxian.engine.build import plan

def ribbons(count, vertices):
    # zones one above the other, parted by borders of that many vertices
    x = np.linspace(0, 100_000, vertices)
    rng = np.random.default_rng(1)
    border = [1000.0 * k + np.cumsum(rng.normal(0, 0.5, vertices)) for k in range(count + 1)]
    xy = np.empty((count * (2 * vertices + 1), 2))
    for k in range(count):
        own = xy[k * (2 * vertices + 1):(k + 1) * (2 * vertices + 1)]
        own[:vertices, 0], own[:vertices, 1] = x, border[k]
        own[vertices:-1, 0], own[vertices:-1, 1] = x[::-1], border[k + 1][::-1]
        own[-1] = own[0]
    each = np.arange(count + 1, dtype=np.int64)
    return Shapes.polygons(xy, each * (2 * vertices + 1), each)

def status(key):
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith(key))
    return int(line.split()[1]) * 1024

folder = Path(sys.argv[1])
layers = [ribbons(40, 60)]  # the kernels are loaded, or compiled, before memory is looked at
store.write(folder / "small", plan(layers, PLANE), {})
layers = [ribbons(40, 20_000), ribbons(30, 20_000)]
before = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
store.write(folder / "large", plan(layers, PLANE), {})
print((status("VmHWM") - before) / (folder / "large").stat().st_size)
"""


def test_a_build_needs_less_than_three_times_the_memory_of_its_index(tmp_path: Path) -> None:
    """2.8 million vertices, an index of about 100 MB; the proportion is the same for one ten times as large."""
    process = run(textwrap.dedent(MEMORY), str(tmp_path))
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    assert (tmp_path / "large").stat().st_size > 50_000_000
    assert 0.2 < float(out) < 3.0
