"""Uploaded files are read in processes of their own, with limits on time and memory, so that no file can harm the server.

GDAL and the other readers are large bodies of C. Each file gets a fresh process, forked from one that has everything
loaded and kept waiting, so that it costs a few milliseconds. What comes back is JSON with WKB in it, never a pickle: a
reader that was taken over by its file can lie about the place, but not run anything here.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import shapely

from sanxian import errors
from sanxian.errors import FootprintBroken, ReaderStopped, SanxianError, ServerBusy, Unforeseen
from sanxian.geometry import DatumShift, Footprint, Region, footprint_from_wkt, read_footprint
from sanxian.model import Notice, Part

MAX_ANSWER_BYTES: Final = 512 << 20
WAIT_FOR_READER_S: Final = 20.0
_STOPPED: Final = b'{"stopped": true}'
_OVERTIME: Final = 2.0  # of the wall clock over the processor time allowed: the machine may be busy


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read: a file, and what the caller said about it."""

    path: Path
    name: str  # as uploaded, for messages
    crs: str | None = None
    role: str | None = None
    encoding: str | None = None
    layer: str | None = None
    shape: str | None = None
    datum: str | None = None


class Readers:
    """A few processes waiting for files.

    Parameters
    ----------
    waiting : int
        Processes kept ready; each reads one file and ends, and another takes its place.
    at_once : int
        Files read at the same time; more have to wait.
    seconds, memory_mb : int
        Processor time and address space for one file, beyond what the process has when it starts.
    """

    def __init__(
        self, *, waiting: int = 2, at_once: int = 4, seconds: int = 20, memory_mb: int = 1024
    ) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(
            ["sanxian.server.reading", "pyogrio", "pyogrio.raw", "openpyxl", "ezdxf"]
        )
        self._ready: queue.SimpleQueue[_Reader] = queue.SimpleQueue()
        self._slots = threading.BoundedSemaphore(at_once)
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._waiting = waiting
        self._lock = threading.Lock()
        self._kept = 0
        self._closed = False

    def start(self) -> None:
        """Get the processes ready; without it the first file waits for its process."""
        for _ in range(self._waiting):
            self._more()

    @property
    def waiting(self) -> int:
        """How many processes wait for a file."""
        return self._kept

    def read(self, wanted: Wanted, region: Region | None = None) -> Footprint:
        """Return the footprint in a file.

        Raises
        ------
        InputError
            As :func:`sanxian.geometry.read_footprint`; ``ReaderStopped`` when the limits were passed.
        ServerBusy
            Too many files are being read already.
        """
        if not self._slots.acquire(timeout=WAIT_FOR_READER_S):
            reason = {"zh": "正在读取的上传文件过多", "en": "too many uploaded files are being read"}
            raise ServerBusy(reason=reason)
        try:
            return self._read(wanted, region)
        finally:
            self._slots.release()

    def _read(self, wanted: Wanted, region: Region | None) -> Footprint:
        reader = self._next()
        try:
            asked = {k: None if v is None else str(v) for k, v in asdict(wanted).items()}
            if region is not None:
                asked["region"] = json.dumps(
                    {"code": region.code, "name": region.name, "wkb": _hex(region.outline)}
                )
            answer = reader.ask(json.dumps(asked).encode(), self._seconds * (1 + _OVERTIME))
        finally:
            reader.stop()
        if answer is None or answer == _STOPPED:
            raise ReaderStopped(source=wanted.name, seconds=self._seconds, memory=self._memory_mb)
        return _footprint(answer, wanted.name)

    def _next(self) -> _Reader:
        with self._lock:
            closed, kept = self._closed, self._kept
        if closed:
            raise ServerBusy(reason={"zh": "服务器正在停止", "en": "the server is stopping"})
        if not kept:
            return _Reader(self._context, self._seconds, self._memory_mb)
        reader = self._ready.get()
        with self._lock:
            self._kept -= 1
        threading.Thread(target=self._more, daemon=True).start()
        return reader

    def _more(self) -> None:
        with self._lock:
            if self._closed or self._kept >= self._waiting:
                return
            self._kept += 1
        try:
            made = _Reader(self._context, self._seconds, self._memory_mb)
        except OSError:
            with self._lock:
                self._kept -= 1
            return
        self._ready.put(made)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
        with suppress(queue.Empty):
            while True:
                self._ready.get_nowait().stop()


class _Reader:
    """One process that will read one file, seen from the server."""

    def __init__(self, context: Any, seconds: int, memory_mb: int) -> None:
        self._end, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, seconds, memory_mb), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, wanted: bytes, seconds: float) -> bytes | None:
        """Return the answer, ``None`` when the process died or took too long."""
        try:
            self._end.send_bytes(wanted)
            if not self._end.poll(seconds):
                return None
            answer: bytes = self._end.recv_bytes(MAX_ANSWER_BYTES)
        except (EOFError, OSError):
            return None
        return answer

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self._end.close()
        self._process.kill()
        self._process.join()
        self._process.close()


# --- in the process ----------------------------------------------------------------------------


def _work(end: Connection, seconds: int, memory_mb: int) -> None:
    _warm()
    with suppress(EOFError, OSError):
        wanted = json.loads(end.recv_bytes())
        _limit(seconds, memory_mb)
        end.send_bytes(json.dumps(_answer(wanted)).encode())


def _warm() -> None:
    """Read a point before there is anything to read: the first one of a process opens the database of PROJ."""
    with suppress(SanxianError):
        footprint_from_wkt("POLYGON ((100 36, 100.1 36, 100.1 36.1, 100 36))", crs="EPSG:4490")


def _limit(seconds: int, memory_mb: int) -> None:
    try:
        import resource
    except ImportError:  # not on Windows; the wall clock still holds
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    processor = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError, IndexError):
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = mapped + (memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _answer(wanted: Mapping[str, str | None]) -> dict[str, Any]:
    try:
        region = None
        if (said := wanted.get("region")) is not None:
            place = json.loads(said)
            region = Region(
                code=place["code"],
                name=place["name"],
                outline=shapely.from_wkb(base64.b64decode(place["wkb"])),
            )
        datum = wanted["datum"]
        footprint = read_footprint(
            Path(str(wanted["path"])),
            crs=wanted["crs"],
            region=region,
            role=wanted["role"],
            encoding=wanted["encoding"],
            layer=wanted["layer"],
            datum=None if datum is None else DatumShift.parse(datum),
            shape=wanted["shape"],  # type: ignore[arg-type]  # one of its values, checked by the route
        )
        return {
            "parts": [
                {
                    "role": part.role,
                    "name": part.name,
                    "wkb": _hex(part.geometry),
                    "crs_in": part.crs_in,
                    "source": part.source,
                    "repairs": [asdict(one) for one in part.repairs],
                }
                for part in footprint.parts
            ],
            "notices": [asdict(one) for one in footprint.notices],
            "source": footprint.source,
        }
    except SanxianError as error:
        return {"error": error.code, "fields": {k: _plain(v) for k, v in error.fields.items()}}
    except MemoryError:
        return {"stopped": True}  # as _STOPPED
    except Exception as error:  # noqa: BLE001, whatever it was, the server must hear of it
        return {"error": Unforeseen.code, "fields": {"what": f"{type(error).__name__}: {str(error)[:300]}"}}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): str(v) for k, v in value.items()}
    return value if isinstance(value, int | float | bool) else str(value)


def _hex(shape: Any) -> str:
    return base64.b64encode(shapely.to_wkb(shape)).decode()


# --- back in the server ------------------------------------------------------------------------

_BY_CODE: Final[Mapping[str, Callable[..., SanxianError]]] = {
    cls.code: cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, SanxianError)
}


def _footprint(answer: bytes, name: str) -> Footprint:
    try:
        said = json.loads(answer)
        if "error" in said:
            raise _BY_CODE[said["error"]](**said["fields"])
        parts = tuple(
            Part(
                role=part["role"],
                geometry=shapely.from_wkb(base64.b64decode(part["wkb"])),
                name=part["name"],
                crs_in=part["crs_in"],
                source=part["source"],
                repairs=tuple(Notice(**one) for one in part["repairs"]),
            )
            for part in said["parts"]
        )
        notices = tuple(Notice(**one) for one in said["notices"])
        return Footprint(parts=parts, notices=notices, source=said["source"])
    except (ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        raise FootprintBroken(source=name, reason=type(error).__name__) from error
