"""Jobs: a table screened in the background, killed and gone on with, cancelled, watched."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sanxian.registry import Registry
from sanxian.registry import jobs as table
from sanxian.registry.jobs import JobState
from sanxian.server.job_kinds import HANDLERS
from sanxian.server.jobs import Jobs, Work, queue_of, run_job, task_of
from server_running import NOW, Api, Deployment, deployment, in_thread, serving, until

STALE = timedelta(seconds=30)


def ledger(rows: int) -> bytes:
    lines = ["项目名称,行业代码,建设性质,经度,纬度"]
    lines += [
        f"项目{n},2614,新建,{100.01 + n % 37 * 0.01:.4f},{36.01 + n % 17 * 0.01:.4f}" for n in range(rows)
    ]
    return "\n".join(lines).encode("utf-8-sig")


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    return deployment(tmp_path / "data")


@pytest.fixture
def api(made: Deployment) -> Iterator[Api]:
    with in_thread(made.app()) as url:
        yield Api(url, made.tokens)


def started(api: Api, rows: int = 150, role: str = "approver", **more: Any) -> dict[str, Any]:
    answer = api.post(
        "/batches", role, files={"file": ("项目.csv", ledger(rows))}, data={"as_of": "2026-09-01", **more}
    )
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def worked(made: Deployment, number: str, stopping: threading.Event | None = None, **more: Any) -> None:
    run_job(made.services(), HANDLERS, number, stopping or threading.Event(), **more)


def results(api: Api, number: str, role: str = "approver") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    following: str | None = f"/jobs/{number}/rows?limit=70"
    while following:
        page = api.get(following.removeprefix("/api/v1"), role).json()
        rows += page["items"]
        following = page["next"]
    return rows


def test_a_table_is_screened_and_every_row_is_there_once_in_order(made: Deployment, api: Api) -> None:
    job = started(api)
    assert job["state"] == "queued"
    worked(made, job["id"])
    done = api.get(f"/jobs/{job['id']}", "approver").json()
    assert (done["state"], done["done"]) == ("done", 150), done
    rows = results(api, job["id"])
    assert [row["row"] for row in rows] == list(range(2, 152))
    assert sum(done["result"]["verdicts"].values()) == 150
    assert {row["edition_digest"] for row in rows} == {made.edition}
    text = api.get(f"/jobs/{job['id']}/result", "approver").content.decode("utf-8-sig")
    assert [row["name"] for row in csv.DictReader(io.StringIO(text))] == [row["name"] for row in rows]
    lines = api.get(f"/jobs/{job['id']}/result", "approver", params={"format": "jsonl"}).text.splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_a_result_is_that_of_the_batch_command(
    made: Deployment, api: Api, sanxian: Any, sample: Path
) -> None:
    job = started(api, 40)
    worked(made, job["id"])
    Path("in.csv").write_bytes(ledger(40))
    ran = sanxian("batch", "in.csv", "--edition", sample, "--as-of", "2026-09-01", "--out", "out.csv")
    assert ran.status == 0, ran.err
    assert api.get(f"/jobs/{job['id']}/result", "approver").content == Path("out.csv").read_bytes()


def test_a_job_that_was_cut_off_goes_on_and_no_row_is_lost_or_made_twice(made: Deployment, api: Api) -> None:
    job = started(api)
    calls = 0
    real = table.progress

    class PowerCut(BaseException):
        pass

    def cut(*args: Any, **more: Any) -> bool:
        nonlocal calls
        calls += bool(more.get("rows"))
        told = real(*args, **more)
        if calls == 2:
            raise PowerCut  # inside the transaction: the second chunk is not kept
        return told

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "progress", cut)
        with pytest.raises(PowerCut):
            worked(made, job["id"])
    half = api.get(f"/jobs/{job['id']}", "approver").json()
    assert (half["state"], half["done"]) == ("running", 64)
    worked(made, job["id"])  # its sign of life is fresh by the fixed clock: another worker keeps away
    assert api.get(f"/jobs/{job['id']}", "approver").json()["state"] == "running"
    worked(made, job["id"], stale=timedelta(seconds=-1))
    assert [row["row"] for row in results(api, job["id"])] == list(range(2, 152))
    done = api.get(f"/jobs/{job['id']}", "approver").json()
    assert (done["state"], done["done"]) == ("done", 150)
    assert sum(done["result"]["verdicts"].values()) == 150


def test_a_worker_told_to_end_puts_its_job_back(made: Deployment, api: Api) -> None:
    job = started(api)
    stopping = threading.Event()
    stopping.set()
    worked(made, job["id"], stopping)
    assert api.get(f"/jobs/{job['id']}", "approver").json()["state"] == "queued"
    worked(made, job["id"])
    assert api.get(f"/jobs/{job['id']}", "approver").json()["state"] == "done"
    assert len(results(api, job["id"])) == 150


def test_a_job_is_cancelled_before_and_while_it_runs(made: Deployment, api: Api) -> None:
    waiting = started(api)
    assert api.post(f"/jobs/{waiting['id']}/cancellation", "approver").json()["state"] == "cancelled"
    worked(made, waiting["id"])
    assert results(api, waiting["id"]) == []
    running = started(api)
    real = table.progress

    def cancelling(connection: Any, number: str, **more: Any) -> bool:
        if more.get("rows"):
            table.ask_to_stop(connection, number, at=NOW)
        return real(connection, number, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "progress", cancelling)
        worked(made, running["id"])
    ended = api.get(f"/jobs/{running['id']}", "approver").json()
    assert (ended["state"], ended["done"]) == ("cancelled", 64)
    assert len(results(api, running["id"])) == 64, "what was finished stays"


def test_a_table_that_cannot_be_read_fails_with_its_reason(made: Deployment, api: Api) -> None:
    answer = api.post("/batches", "approver", files={"file": ("x.csv", b"a,b\n1,2\n")})
    number = answer.json()["id"]
    worked(made, number)
    job = api.get(f"/jobs/{number}", "approver").json()
    assert job["state"] == "failed"
    assert job["error"]["code"] == "TABLE_INVALID"
    assert job["error"]["zh"]
    assert job["error"]["en"]


def test_a_job_that_kills_its_worker_is_given_up(made: Deployment, api: Api) -> None:
    job = started(api)
    for _ in range(table.ATTEMPTS):
        with made.registry.begin() as connection:
            assert table.claim(connection, job["id"], at=NOW, stale=timedelta(seconds=-1)) is not None
    worked(made, job["id"], stale=timedelta(seconds=-1))
    ended = api.get(f"/jobs/{job['id']}", "approver").json()
    assert (ended["state"], ended["error"]["code"]) == ("failed", "JOB_FAILED")


def test_a_clock_set_back_or_forward_changes_no_result(made: Deployment, api: Api) -> None:
    job = started(api)
    for by in (timedelta(days=-400), timedelta(days=400)):
        with made.registry.begin() as connection:
            found = table.claim(connection, job["id"], at=NOW + by, stale=STALE)
            assert found is not None, "an old sign of life, and one of the future, are none"
    worked(made, job["id"])  # by NOW the last sign of life is 400 days ahead
    assert [row["row"] for row in results(api, job["id"])] == list(range(2, 152))


def test_only_one_of_many_workers_takes_a_job_up(made: Deployment, api: Api) -> None:
    job = started(api)
    taken: list[str] = []

    def handler(work: Work) -> dict[str, Any]:
        taken.append(work.job.id)
        return {}

    threads = [
        threading.Thread(
            target=run_job, args=(made.services(), {"batch": handler}, job["id"], threading.Event())
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken == [job["id"]]


def test_somebody_sees_their_own_jobs_and_who_operates_sees_all(made: Deployment, api: Api) -> None:
    job = started(api)
    assert api.get(f"/jobs/{job['id']}", "inspector").status_code == 404
    assert api.get(f"/jobs/{job['id']}/events", "inspector").status_code == 404
    assert api.post(f"/jobs/{job['id']}/cancellation", "inspector").status_code == 404
    assert api.get("/jobs", "inspector").json()["items"] == []
    assert [j["id"] for j in api.get("/jobs", "administrator").json()["items"]] == [job["id"]]
    assert api.get("/jobs", "approver").json()["items"][0]["id"] == job["id"]


def test_progress_is_pushed_until_the_end(made: Deployment, api: Api) -> None:
    job = started(api)
    threading.Timer(0.3, worked, args=(made, job["id"])).start()
    told = []
    headers = {"Authorization": f"Bearer {made.tokens['approver']}"}
    with httpx.stream(
        "GET", f"{api.url}/api/v1/jobs/{job['id']}/events", headers=headers, timeout=30
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told += [
            json.loads(line.removeprefix("data: "))
            for line in answer.iter_lines()
            if line.startswith("data: ")
        ]
    assert told[0]["state"] == "queued"
    assert (told[-1]["state"], told[-1]["done"]) == ("done", 150)
    assert [t["done"] for t in told] == sorted(t["done"] for t in told)


def test_the_queue_carries_the_number_of_a_job_and_nothing_that_runs(registry: Registry) -> None:
    seen: list[str] = []
    sender = task_of(queue_of(registry))
    queue = queue_of(registry)
    task_of(queue, seen.append)
    sender("0" * 32)
    message = queue.storage.enqueued_items()[0]
    assert json.loads(bytes(message))["args"] == ["0" * 32]
    assert b"pickle" not in bytes(message)
    queue.execute(queue.dequeue())
    assert seen == ["0" * 32]
    for one in (queue, getattr(sender, "huey", None)):
        if one is not None:
            one.storage.close()


def test_jobs_on_both_databases(registry: Registry) -> None:
    jobs = Jobs(registry, lambda: NOW)
    with registry.begin() as connection:
        one = table.add(connection, jobs.new_id(), "batch", {"a": 1}, person=None, at=NOW)
        two = table.add(connection, jobs.new_id(), "batch", {}, person=None, at=NOW)
    with registry.read() as connection:
        assert table.waiting(connection, at=NOW, stale=STALE) == sorted([one.id, two.id])
        first = table.listed(connection, limit=1)
        rest = table.listed(connection, before=(first[0].created_at, first[0].id))
        assert {first[0].id, rest[0].id} == {one.id, two.id}
    with registry.begin() as connection:
        assert table.claim(connection, one.id, at=NOW, stale=STALE)
        assert not table.progress(connection, one.id, at=NOW, rows=[(1, b"{}"), (2, b"[]")], done=2)
    with registry.begin() as connection:
        table.ask_to_stop(connection, one.id, at=NOW)
        assert table.progress(connection, one.id, at=NOW)
        table.end(connection, one.id, JobState.CANCELLED, at=NOW)
        table.end(connection, one.id, JobState.DONE, at=NOW)
    with registry.read() as connection:
        assert table.get(connection, one.id).state is JobState.CANCELLED
        assert [*table.every_row(connection, one.id)] == [(1, b"{}"), (2, b"[]")]
        assert table.counts(connection)["queued"] == 1


# --- killed ----------------------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    """Worker processes of a server."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "sanxian.server.worker" in line]


def test_server_and_worker_killed_in_the_middle_of_a_batch_lose_nothing(tmp_path: Path) -> None:
    made = deployment(tmp_path / "data")
    made.registry.close()
    rows = 1200
    with serving(made.folder) as server:
        api = Api(server.url, made.tokens)
        job = started(api, rows)
        until(lambda: api.get(f"/jobs/{job['id']}", "approver").json()["done"] > 0)
        (worker,) = children(server.process.pid)
        os.kill(worker, signal.SIGKILL)
        at = api.get(f"/jobs/{job['id']}", "approver").json()["done"]
        until(lambda: api.get(f"/jobs/{job['id']}", "approver").json()["done"] > at)
        server.kill()  # and its worker ends with it
    with serving(made.folder) as server:
        api = Api(server.url, made.tokens)
        until(lambda: api.get(f"/jobs/{job['id']}", "approver").json()["state"] == "done", 120.0)
        found = [row["row"] for row in results(api, job["id"])]
        assert found == list(range(2, rows + 2))
        assert api.get(f"/jobs/{job['id']}", "approver").json()["done"] == rows
        assert server.stop() == 0


def test_a_worker_alone_ends_with_the_pipe_it_was_given(tmp_path: Path) -> None:
    made = deployment(tmp_path / "data")
    said = json.dumps({"folder": str(made.folder), "database": None}) + "\n"
    process = subprocess.run(
        [sys.executable, "-m", "sanxian.server.worker"],
        input=said,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
