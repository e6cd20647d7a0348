"""What goes wrong: too much, too slow, too deep, gone, replaced, taken; each has a clear state and no wrong answer."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from command_line import Run
from sample_edition import sample_edition
from sanxian.edition import open_edition, write_edition
from sanxian.errors import (
    AlreadyServed,
    FootprintBroken,
    PortTaken,
    ReaderStopped,
    ServeFolder,
    ServeSettings,
)
from sanxian.server import logs, reading, running
from sanxian.server.app import create_app
from sanxian.server.deployment import Place, make_services, only_one
from sanxian.server.reading import Readers, Wanted
from sanxian.server.running import Serving, serve
from sanxian.server.services import Settings, read_settings
from server_running import PROJECT, Api, Deployment, deployment, in_thread, until


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    return deployment(tmp_path / "data")


@pytest.fixture
def api(made: Deployment) -> Iterator[Api]:
    with in_thread(made.app(max_body_bytes=1 << 20, max_upload_bytes=4 << 20, body_timeout_s=1.0)) as url:
        yield Api(url, made.tokens)


def host(api: Api) -> tuple[str, int]:
    name, _, port = api.url.removeprefix("http://").partition(":")
    return name, int(port)


# --- too much --------------------------------------------------------------------------------------------


def test_a_body_announced_too_large_is_refused_before_it_is_sent(api: Api) -> None:
    with socket.create_connection(host(api), timeout=10) as line:
        line.sendall(
            b"POST /api/v1/screenings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1073741824\r\n\r\n"
        )
        answer = line.recv(4096)
    assert answer.startswith(b"HTTP/1.1 413"), answer


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_gigabyte_in_pieces_is_stopped_soon_after_the_limit(api: Api, kind: str) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.zip"\r\n\r\n'
        for _ in range(1024):
            sent += 1 << 20
            yield b" " * (1 << 20)

    try:
        answer = httpx.post(
            f"{api.url}/api/v1/screenings", content=pieces(), headers={"content-type": kind}, timeout=30.0
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "REQUEST_TOO_LARGE")
    except httpx.TransportError:
        pass  # the connection was closed while we were still sending
    assert sent < 64 << 20
    assert api.get("/health/live").status_code == 200


def test_a_million_vertices_are_answered_and_others_meanwhile(made: Deployment) -> None:
    import math

    n = 100_000
    ring = [[100.2 + 0.05 * math.cos(i / n * 6.283), 36.1 + 0.05 * math.sin(i / n * 6.283)] for i in range(n)]
    ring.append(ring[0])
    project = {**PROJECT, "parts": [{"geojson": {"type": "Polygon", "coordinates": [ring]}}]}
    content = json.dumps(project).encode()
    with in_thread(made.app()) as url:
        api = Api(url, made.tokens)
        found: list[httpx.Response] = []
        headers = {"content-type": "application/json"}
        thread = threading.Thread(
            target=lambda: found.append(api.post("/screenings", content=content, headers=headers))
        )
        thread.start()
        slowest = 0.0
        while thread.is_alive():
            began = time.perf_counter()
            assert api.get("/health/live").status_code == 200
            slowest = max(slowest, time.perf_counter() - began)
        assert found[0].status_code in (200, 413), found[0].text[:300]
        assert slowest < 15.0


# --- too slow --------------------------------------------------------------------------------------------


def test_a_body_that_stops_coming_ends_the_connection(api: Api) -> None:
    with socket.create_connection(host(api), timeout=20) as line:
        line.sendall(
            b"POST /api/v1/screenings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 1000\r\n\r\n{"a'
        )
        answer = b""
        while piece := line.recv(4096):  # until the server closes
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
    assert b"REQUEST_TIMEOUT" in answer


def test_a_body_that_trickles_is_too_slow_as_a_whole(api: Api) -> None:
    with socket.create_connection(host(api), timeout=20) as line:
        line.sendall(
            b"POST /api/v1/screenings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n"
        )
        began = time.monotonic()
        try:
            for _ in range(60):
                line.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            pass
        assert time.monotonic() - began < 5.5, "the connection was kept for ever"


def test_a_head_that_does_not_come_ends_the_connection(made: Deployment) -> None:
    from sanxian.server.protocol import protocol

    with in_thread(made.app(), http=protocol(0.5), timeout_keep_alive=2) as url:
        api = Api(url, made.tokens)
        for beginning in (
            b"",
            b"GET / HT",
            b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health/live HTTP/1.1\r\n",
        ):
            with socket.create_connection(host(api), timeout=10) as line:
                line.sendall(beginning)
                began = time.monotonic()
                while line.recv(4096):
                    pass
                assert time.monotonic() - began < 5.0
        assert api.get("/health/live").status_code == 200


# --- readers -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    made = Readers(waiting=1, seconds=2, memory_mb=512)
    made.start()
    yield made
    made.close()


def plot(folder: Path) -> Path:
    ring = [[100.12, 36.05], [100.13, 36.05], [100.13, 36.06], [100.12, 36.05]]
    path = folder / "plot.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), "utf-8")
    return path


def test_a_warm_reader_costs_little(readers: Readers, tmp_path: Path) -> None:
    path = plot(tmp_path)
    found = readers.read(Wanted(path=path, name=path.name))
    times = []
    for _ in range(5):
        until(lambda: readers.waiting)
        began = time.perf_counter()
        found = readers.read(Wanted(path=path, name=path.name))
        times.append(time.perf_counter() - began)
    from sanxian.geometry import read_footprint

    assert found == read_footprint(path)
    began = time.perf_counter()
    Readers(waiting=0).read(Wanted(path=path, name=path.name))
    cold = time.perf_counter() - began
    assert min(times) < max(0.1, cold / 2), (times, cold)  # half of a cold one, on a machine that is busy


def test_a_reader_that_uses_up_its_memory_its_time_or_dies_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plot(tmp_path)
    # (what the file does to its reader, overtime, most seconds it may take): the first two are ended by their own
    # limit long before the clock, which ends the third
    for work, overtime, most in (
        (_hungry, 90.0, 45.0), (_spinning, 90.0, 45.0), (_sleeping, 1.0, 45.0), (_dying, 90.0, 45.0)
    ):  # fmt: skip
        made = Readers(waiting=0, seconds=1, memory_mb=256)
        monkeypatch.setattr(reading, "_OVERTIME", overtime)
        monkeypatch.setattr(reading, "_work", work)
        began = time.monotonic()
        with pytest.raises(ReaderStopped):
            made.read(Wanted(path=path, name=path.name))
        assert time.monotonic() - began < most, work.__name__


def _hungry(end: Any, seconds: int, memory_mb: int) -> None:
    end.recv_bytes()
    reading._limit(seconds, memory_mb)
    held = [bytearray(16 << 20) for _ in range(64)]  # a gigabyte, where a quarter of one is allowed
    time.sleep(600)
    del held


def _spinning(end: Any, seconds: int, memory_mb: int) -> None:
    end.recv_bytes()
    reading._limit(seconds, memory_mb)
    while True:
        pass


def _sleeping(end: Any, seconds: int, memory_mb: int) -> None:
    end.recv_bytes()
    time.sleep(600)


def _dying(end: Any, seconds: int, memory_mb: int) -> None:
    os.abort()


def test_a_reader_that_was_taken_over_can_only_lie_about_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_work", _lying)
    with pytest.raises(FootprintBroken):
        Readers(waiting=0).read(Wanted(path=plot(tmp_path), name="x"))


def _lying(end: Any, seconds: int, memory_mb: int) -> None:
    import pickle

    end.recv_bytes()
    end.send_bytes(pickle.dumps(os.system))


# --- gone and replaced -----------------------------------------------------------------------------------------


def test_a_database_that_is_gone_is_said_and_screening_goes_on(api: Api, made: Deployment) -> None:
    assert api.get("/health/ready").json()["state"] in ("ready", "degraded")
    until(lambda: api.get("/health").json()["warm"])
    (made.folder / "registry.db").rename(made.folder / "away.db")
    ready = api.get("/health/ready")
    assert ready.status_code == 503
    assert [r["check"] for r in ready.json()["reasons"] if r["stops"]] == ["database"]
    assert api.get("/health/live").status_code == 200
    listed = api.get("/projects", "approver")
    assert listed.status_code == 503
    assert listed.headers["retry-after"]
    assert api.post("/screenings", json=PROJECT).status_code == 200
    (made.folder / "away.db").rename(made.folder / "registry.db")
    assert api.get("/health/ready").status_code == 200


def test_an_edition_replaced_under_the_server_is_another_edition_and_none_answers_for_the_other(
    api: Api, made: Deployment, tmp_path: Path
) -> None:
    file = next((made.folder / "editions").glob("*.gpkg"))
    assert api.post("/screenings", json=PROJECT).headers["sanxian-edition"] == made.edition
    other = sample_edition()
    other = dataclasses.replace(other, info=dataclasses.replace(other.info, title="另一个"))
    write_edition(other, tmp_path / "other.gpkg")
    shutil.copy(tmp_path / "other.gpkg", file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)
    new = open_edition(file).info.digest
    assert new != made.edition

    def answer() -> httpx.Response:
        got = api.post("/screenings", json=PROJECT, params={"edition": made.edition})
        if got.status_code == 200:  # opened before: what it was stays what it is
            assert got.json()["edition"]["digest"] == made.edition == got.headers["sanxian-edition"]
        return got

    answer()
    gone = until(lambda: (got := answer()).status_code != 200 and got, 20.0)
    assert gone.status_code == 404
    unknown = api.post("/screenings", json=PROJECT)
    assert unknown.status_code == 404, "a file nobody registered is not offered"
    assert api.get("/health").status_code == 503


def test_an_edition_that_is_removed_or_torn_is_named_by_health(api: Api, made: Deployment) -> None:
    file = next((made.folder / "editions").glob("*.gpkg"))
    content = file.read_bytes()
    file.write_bytes(content[:5000])
    state = api.get("/health").json()
    assert state["state"] == "unavailable"
    assert any(reason["check"] == "edition" for reason in state["reasons"])
    assert api.post("/screenings", json=PROJECT).status_code in (404, 409)
    file.write_bytes(content)
    assert api.get("/health").json()["state"] == "ready"
    assert api.post("/screenings", json=PROJECT).status_code == 200


def test_a_disk_nearly_full_is_said(made: Deployment) -> None:
    with in_thread(made.app(low_disk_mb=1 << 40)) as url:
        state = Api(url, {}).get("/health").json()
    assert state["state"] == "degraded"
    assert [r["check"] for r in state["reasons"]] == ["disk"]


def test_figures_are_for_this_machine_and_who_operates(api: Api) -> None:
    api.get("/nothing")
    mine = api.get("/metrics")
    assert "sanxian_requests_total" in mine.text
    assert "sanxian_request_seconds_bucket" in mine.text
    proxied = {"X-Forwarded-For": "203.0.113.5"}
    assert api.get("/metrics", headers=proxied).status_code == 404
    assert api.get("/metrics", "approver", headers=proxied).status_code == 404
    assert api.get("/metrics", "administrator", headers=proxied).status_code == 200


# --- starting ------------------------------------------------------------------------------------------------


def test_the_second_server_on_a_folder_is_refused(tmp_path: Path) -> None:
    with only_one(tmp_path), pytest.raises(AlreadyServed) as refused, only_one(tmp_path):
        pass
    assert str(os.getpid()) in refused.value.text()


def test_a_port_that_is_taken_and_a_folder_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken):
            serve(Serving(place=Place(folder=tmp_path / "x"), port=port), told=lambda _: None)
    assert not (tmp_path / "x").exists(), "nothing is made by a server that cannot start"
    with pytest.raises(PortTaken):
        serve(Serving(place=Place(folder=tmp_path / "x"), host="no.such.host.invalid"), told=lambda _: None)
    (tmp_path / "file").write_text("")
    with pytest.raises(ServeFolder):
        serve(Serving(place=Place(folder=tmp_path / "file"), port=0), told=lambda _: None)


def test_settings_are_read_and_a_mistake_is_named(tmp_path: Path) -> None:
    assert read_settings(tmp_path) == Settings()
    file = tmp_path / "sanxian.toml"
    file.write_text(
        '[server]\npublic_url = "https://a"\ntrusted_proxies = ["10.0.0.0/8"]\nreaders = 3\nsecure = true\n'
    )
    assert read_settings(tmp_path) == Settings(
        public_url="https://a", trusted_proxies=("10.0.0.0/8",), readers=3, secure=True
    )
    for wrong in (
        "reader = 1",
        "readers = 0",
        "readers = 1.5",
        'secure = "yes"',
        "public_url = 1",
        "x = [",
        "readers = true",
    ):
        file.write_text(f"[server]\n{wrong}\n")
        with pytest.raises(ServeSettings):
            read_settings(tmp_path)


def test_the_first_administrator_has_a_password_once(tmp_path: Path) -> None:
    here, _ = make_services(Place(folder=tmp_path / "data"))
    assert running._first_password(here)
    assert running._first_password(here) == ""
    with in_thread(create_app(here)) as url:
        assert httpx.get(f"{url}/health").status_code == 503, "there is no edition yet, and it says so"
    here.registry.close()


def test_a_log_line_is_json_and_holds_no_secret() -> None:
    said = io.StringIO()
    hidden = {"token": "sanxian_secret", "Authorization": "Bearer x"}
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure(said)
        logging.getLogger("sanxian.test").warning("plain")
        structlog.wrap_logger(logging.getLogger("sanxian.test")).info("asked", request_id="1", **hidden)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["plain", "asked"]
    assert all({"level", "logger", "timestamp"} <= set(line) for line in lines)
    assert "secret" not in said.getvalue()
    assert "Bearer" not in said.getvalue()


def test_a_registry_already_there_is_opened(tmp_path: Path) -> None:
    one, made_now = make_services(Place(folder=tmp_path / "data"))
    assert made_now
    one.registry.close()
    two, made_now = make_services(Place(folder=tmp_path / "data"))
    assert not made_now
    two.registry.close()


CASES = """
- name: 禁止
  project: {nature: 新建, industry: "2614", facts: {boiler_tph: 10, started_on: 2026-03-01}, parts: [{point: [100.12, 36.05]}]}
  clauses: [{id: A-1, rules: [{effect: FORBID, when: {fact: boiler_tph, op: "<", value: 35}}]}]
  expect: {verdict: NON_COMPLIANT, findings: {A-1: NON_COMPLIANT}}
- name: 说错的
  project: {nature: 新建, parts: [{point: [100.12, 36.05]}]}
  clauses: [{id: A-2, valid_from: 2026-01-01, rules: [{effect: FORBID, when: {fact: boiler_tph, op: "<", value: 35}}]}]
  expect: {verdict: COMPLIANT, first_ask: boiler_tph}
- name: 未到生效日
  as_of: 2025-01-01
  project: {parts: [{point: [100.12, 36.05]}]}
  expect: {error: EDITION_NOT_YET}
- name: 说错的错误
  project: {nature: 新盖, parts: [{point: [100.12, 36.05]}]}
  expect: {error: EDITION_NOT_YET}
"""


def test_the_answer_set_gives_over_the_network_what_it_gives_here(
    sanxian: Run, made: Deployment, tmp_path: Path, sample: Path
) -> None:
    cases = tmp_path / "cases"
    cases.mkdir()
    (cases / "cases.yaml").write_text(CASES, "utf-8")
    with in_thread(made.app()) as url:
        local = sanxian("answers", "run", cases, "--edition", sample)
        over = sanxian("answers", "run", cases, "--url", url)
        assert (over.status, over.out) == (local.status, local.out)
        assert local.status == 1
        assert local.out.count("✗") == 2, local.out
        assert sanxian("answers", "run", cases, "--url", f"{url}/nowhere").status == 10
        both = sanxian("answers", "run", cases, "--url", url, "--edition", sample)
        assert both.status == 2
    assert sanxian("answers", "run", cases, "--url", url).status == 10
    assert sanxian("answers", "run", cases, "--url", "file:///etc/passwd").status == 10
