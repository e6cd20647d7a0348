from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry_databases import NOW, Cluster
from registry_samples import add
from sanxian.errors import (
    BadRegistration,
    RegistryAddress,
    RegistryBroken,
    RegistryBusy,
    RegistryError,
    RegistryExists,
    RegistryForeign,
    RegistryFull,
    RegistryNewer,
    RegistryNotFound,
    RegistryOlder,
    RegistryReadOnly,
    RegistryUnreachable,
)
from sanxian.registry import (
    Registry,
    audit,
    create_registry,
    migrations,
    open_registry,
    projects,
    search,
    store,
)
from sanxian.registry.projects import EVERYTHING
from sanxian.registry.search import Filter
from sanxian.registry.tables import APPEND_ONLY, metadata, person, project
from sanxian.registry.verifying import verify

FIRST = Path(__file__).parent / "data" / "registry"
Database = Callable[[], str | None]


# --- made and opened -------------------------------------------------------------------------------


def test_a_registry_is_made_once_and_opened_again(database: Database, tmp_path: Path) -> None:
    url = database()
    create_registry(tmp_path / "台账 #1?%20", now=NOW, url=url).close()
    opened = open_registry(tmp_path / "台账 #1?%20", url=url)
    with opened.read() as connection:
        assert migrations.current(connection) == migrations.head()
    opened.close()
    with pytest.raises(RegistryExists):
        create_registry(tmp_path / "台账 #1?%20", now=NOW, url=url)


def test_the_folder_says_where_its_database_is(database: Database, tmp_path: Path) -> None:
    url = database()
    if url is not None:
        (tmp_path / "sanxian.toml").write_text(f'[database]\nurl = "{url}"\n', "utf-8")
    create_registry(tmp_path, now=NOW).close()
    open_registry(tmp_path).close()
    assert (tmp_path / "registry.db").exists() is (url is None)


def test_where_there_is_none_it_says_so(database: Database, tmp_path: Path) -> None:
    with pytest.raises(RegistryNotFound):
        open_registry(tmp_path, url=database())
    assert list(tmp_path.iterdir()) == []


def test_the_database_of_another_program_is_left_alone(database: Database, tmp_path: Path) -> None:
    url = database()
    engine = store.engine_for(url or store.url_of(tmp_path))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (a INTEGER)")
    with pytest.raises(RegistryForeign):
        open_registry(tmp_path, url=url)
    with pytest.raises(RegistryForeign):
        create_registry(tmp_path, now=NOW, url=url)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["theirs"]
    engine.dispose()


def test_a_registry_of_a_newer_program_is_not_touched(registry: Registry) -> None:
    with registry.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RegistryNewer) as raised:
        open_registry(
            registry.folder, url=registry.engine.url.render_as_string(hide_password=False), migrate=True
        )
    assert raised.value.fields["found"] == "9999"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql://u:geheim@127.0.0.1:1/x", RegistryUnreachable),
        ("mysql://u:geheim@127.0.0.1/x", RegistryAddress),
        ("geheim", RegistryAddress),
        ("postgresql://u:geheim@[::1/x", RegistryAddress),
    ],
)
def test_no_message_shows_a_password(tmp_path: Path, url: str, error: type[RegistryError]) -> None:
    with pytest.raises(error) as opening:
        open_registry(tmp_path, url=url)
    with pytest.raises(error) as making:
        create_registry(tmp_path, now=NOW, url=url)
    for raised in (opening.value, making.value):
        assert "geheim" not in raised.text("zh-CN") + raised.text("en") + repr(raised.fields)


def test_settings_that_are_no_toml_are_said(tmp_path: Path) -> None:
    (tmp_path / "sanxian.toml").write_text("[database", "utf-8")
    with pytest.raises(RegistryAddress):
        open_registry(tmp_path)


# --- versions --------------------------------------------------------------------------------------


def test_model_and_migrations_agree(registry: Registry) -> None:
    with registry.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _, name, *__: migrations.compared(name)}
        )
        assert compare_metadata(context, metadata) == []


def first_version(folder: Path, url: str | None) -> str | None:
    """A registry of the first version with three projects, as it was kept."""
    for inner in ("editions", "attachments"):
        (folder / inner).mkdir(parents=True)
    if url is None:
        with sqlite3.connect(folder / "registry.db") as connection:
            connection.executescript((FIRST / "v0001.sqlite.sql").read_text("utf-8"))
        connection.close()
    else:
        with psycopg.connect(url) as server:
            server.execute((FIRST / "v0001.postgresql.sql").read_bytes())
    return url


def test_a_registry_of_the_first_version_is_brought_up_to_date(database: Database, tmp_path: Path) -> None:
    url = first_version(tmp_path, database())
    with pytest.raises(RegistryOlder) as raised:
        open_registry(tmp_path, url=url)
    assert raised.value.fields["found"] == "0001"
    registry = open_registry(tmp_path, url=url, migrate=True)
    assert verify(registry).faults == ()
    with registry.begin() as connection:
        rows = search.find(connection, EVERYTHING, Filter()).rows
        assert [row.id for row in rows] == [2, 1, 3]
        assert {row.revision for row in rows} == {1}
        assert [r.id for r in search.find(connection, EVERYTHING, Filter(text="锂盐")).rows] == [2]
        assert [r.id for r in search.find(connection, EVERYTHING, Filter(text="000001")).rows] == [1]
        assert search.count(connection, EVERYTHING, Filter(bbox=(101.0, 36.0, 101.1, 36.1))).number == 2
        assert add(connection).id == 4
        projects.set_status(connection, EVERYTHING, 1, "approved", revision=1, at=NOW, by="x")
    assert verify(registry).faults == ()
    registry.close()


KILLED = """
import os, signal, sys
from pathlib import Path
import alembic.script.base
from sanxian.registry import open_registry

real = alembic.script.base.ScriptDirectory.get_revision

def get_revision(self, name):
    found = real(self, name)
    found.module._fill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # the columns are there, not yet filled
    return found

alembic.script.base.ScriptDirectory.get_revision = get_revision
open_registry(Path(sys.argv[1]), url=sys.argv[2] or None, migrate=True)
"""


def test_a_migration_killed_in_the_middle_leaves_the_older_database_and_goes_on_next_time(
    database: Database, tmp_path: Path
) -> None:
    url = first_version(tmp_path, database())
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), url or ""], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    deadline = time.monotonic() + 10
    while True:  # PostgreSQL notices that its client is gone a moment later
        try:
            with pytest.raises(RegistryOlder):
                open_registry(tmp_path, url=url)
            break
        except RegistryBusy:
            assert time.monotonic() < deadline
    registry = open_registry(tmp_path, url=url, migrate=True)
    assert verify(registry).faults == ()
    with registry.read() as connection:
        assert migrations.current(connection) == migrations.head()
    registry.close()


def test_two_programs_that_migrate_at_once_do_it_once(database: Database, tmp_path: Path) -> None:
    url = first_version(tmp_path, database())
    failed: list[BaseException] = []

    def work() -> None:
        try:
            open_registry(tmp_path, url=url, migrate=True).close()
        except BaseException as error:  # noqa: BLE001, told by the test
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# --- what was said is never changed ------------------------------------------------------------------


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_itself_refuses_to_change_what_was_said(
    database: Database, tmp_path: Path, table: str
) -> None:
    url = first_version(tmp_path, database())
    registry = open_registry(tmp_path, url=url, migrate=True)
    names = [column.name for column in metadata.tables[table].columns]
    column, columns = names[-1], ", ".join(f'"{name}"' for name in names)
    attempts = [f'UPDATE "{table}" SET "{column}" = "{column}"', f'DELETE FROM "{table}"']
    if url is None:
        attempts.append(f'INSERT OR REPLACE INTO "{table}" ({columns}) SELECT {columns} FROM "{table}"')
    else:
        attempts.append(f'TRUNCATE "{table}" CASCADE')
    for attempt in attempts:
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), registry.begin() as connection:
            connection.exec_driver_sql(attempt)
    assert verify(registry).faults == ()
    registry.close()


# --- transactions ------------------------------------------------------------------------------------


def test_a_block_that_fails_leaves_nothing_behind(registry: Registry) -> None:
    with pytest.raises(BadRegistration), registry.begin() as connection:  # noqa: PT012, the first is kept until the second fails
        add(connection)
        add(connection, status="?")
    with registry.read() as connection:
        assert search.count(connection, EVERYTHING, Filter()).number == 0
        assert audit.head(connection).seq == 0
        assert projects.tally_differences(connection) == 0


def test_a_reader_sees_one_state_and_never_waits(registry: Registry) -> None:
    with registry.read() as reader:
        assert search.count(reader, EVERYTHING, Filter()).number == 0
        with registry.begin() as writer:
            add(writer)
            with registry.read() as other:
                assert search.count(other, EVERYTHING, Filter()).number == 0
        assert search.count(reader, EVERYTHING, Filter()).number == 0
    with registry.read() as reader:
        assert search.count(reader, EVERYTHING, Filter()).number == 1


def test_a_reader_cannot_write(registry: Registry) -> None:
    with registry.begin() as connection:
        add(connection)
    try:
        with registry.read() as connection:
            connection.execute(sa.update(project).values(name="x"))
    except RegistryReadOnly:
        assert registry.engine.dialect.name == "postgresql"
    with registry.read() as connection:
        assert projects.get(connection, EVERYTHING, 1).name == "示例化工项目"


def test_who_waits_too_long_for_another_writer_is_told(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WAIT_S", 1)
    url = registry.engine.url.render_as_string(hide_password=False)
    other = open_registry(registry.folder, url=url)
    with registry.begin(), pytest.raises(RegistryBusy), other.begin():
        pass
    with other.begin() as connection:
        add(connection)
    other.close()


WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from registry_samples import add, document
from sanxian.registry import open_registry
registry = open_registry(Path(sys.argv[1]), url=sys.argv[2] or None)
for i in range(int(sys.argv[3])):
    with registry.begin() as connection:
        add(connection, document(f"项目{i}"))
        if i % 3 == 0:
            add(connection, document(f"又{i}"), accepted_on=None)
"""


def writers(registry: Registry, many: int, turns: int) -> list[subprocess.Popen[str]]:
    url = registry.engine.url.render_as_string(hide_password=False)
    asked = [
        str(registry.folder),
        "" if url.startswith("sqlite") else url,
        str(turns),
        str(Path(__file__).parent),
    ]
    return [
        subprocess.Popen([sys.executable, "-c", WRITES, *asked], stderr=subprocess.PIPE, text=True)
        for _ in range(many)
    ]


def test_processes_that_write_at_once_lose_nothing_and_the_log_has_one_order(registry: Registry) -> None:
    started = writers(registry, 3, 6)
    for process in started:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    with registry.read() as connection:
        assert search.count(connection, EVERYTHING, Filter()).number == 3 * 8
        checked = audit.verify(connection)
        assert (checked.broken, checked.rows) == (None, 3 * 8)
    assert verify(registry).faults == ()


def test_a_writer_killed_anywhere_leaves_whole_transactions(registry: Registry) -> None:
    for delay in (1.5, 2.5):
        (process,) = writers(registry, 1, 10_000)
        time.sleep(delay)
        process.kill()
        process.communicate()
    assert verify(registry).faults == ()
    with registry.read() as connection:
        number = search.count(connection, EVERYTHING, Filter()).number
        assert audit.head(connection).seq == number
    with registry.begin() as connection:
        add(connection)


# --- faults ------------------------------------------------------------------------------------------


def test_a_file_taken_away_or_replaced_is_noticed_by_readers_and_writers(tmp_path: Path) -> None:
    registry = create_registry(tmp_path, now=NOW)
    with registry.begin() as connection:
        add(connection)
    database = tmp_path / "registry.db"
    kept = tmp_path / "kept.db"
    database.rename(kept)
    for use in (registry.begin, registry.read):
        with pytest.raises(RegistryUnreachable), use() as connection:
            audit.head(connection)
    database.write_bytes(kept.read_bytes())
    with pytest.raises(RegistryUnreachable), registry.begin():
        pass
    database.unlink()
    kept.rename(database)
    with registry.begin() as connection:
        assert add(connection).id == 2
    registry.close()


def test_a_server_that_stops_is_said_and_works_again_when_it_is_back(
    cluster: Cluster, tmp_path: Path
) -> None:
    url = cluster.made()
    registry = open_registry(tmp_path, url=url)
    name = url.rpartition("/")[2]
    with pytest.raises(RegistryUnreachable), registry.begin() as connection:  # noqa: PT012, cut in the middle
        cluster.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        add(connection)
    with registry.begin() as connection:
        assert search.count(connection, EVERYTHING, Filter()).number == 0
        add(connection)
    registry.close()
    cluster.run(f'DROP DATABASE "{name}"')
    with pytest.raises(RegistryUnreachable):
        open_registry(tmp_path, url=url)


FILLS = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from registry_samples import add, document
from sanxian.errors import RegistryFull, RegistryUnreachable
from sanxian.registry import open_registry
registry = open_registry(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (450_000, 450_000))
done = 0
try:
    while True:
        with registry.begin() as connection:
            add(connection, document("项目", facts={}))
        done += 1
except (RegistryFull, RegistryUnreachable) as error:
    print(done, error.code)
"""


def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    create_registry(tmp_path, now=NOW).close()
    done = subprocess.run(
        [sys.executable, "-c", FILLS, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    number, code = done.stdout.split()
    assert code in ("REGISTRY_DISK_FULL", "REGISTRY_UNREACHABLE")
    assert int(number) > 0
    registry = open_registry(tmp_path)
    assert verify(registry).faults == ()
    with registry.begin() as connection:
        assert search.count(connection, EVERYTHING, Filter()).number == int(number)
        add(connection)
    registry.close()


def test_what_sqlite_says_of_a_full_disk_is_ours(tmp_path: Path) -> None:
    registry = create_registry(tmp_path, now=NOW)
    with registry.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(RegistryFull), registry.begin() as connection:  # noqa: PT012, somewhere among them
        for _ in range(2000):
            add(connection)
    registry.close()


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    create_registry(tmp_path, now=NOW).close()
    database = tmp_path / "registry.db"
    database.write_bytes(b"no database at all" * 500)
    with pytest.raises(RegistryBroken):
        open_registry(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="a file of mode 444")
def test_a_read_only_database_is_said(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.made()
    registry = open_registry(tmp_path, url=url)
    cluster.run(f'ALTER DATABASE "{url.rpartition("/")[2]}" SET default_transaction_read_only = on')
    registry.close()
    with pytest.raises(RegistryReadOnly), registry.begin() as connection:
        connection.execute(
            person.insert(), {"name": "a", "role": "public", "created_at": "", "created_by": ""}
        )
    registry.close()


def test_mistakes_of_the_program_are_not_dressed_up(registry: Registry) -> None:
    with pytest.raises(sa.exc.IntegrityError), registry.begin() as connection:
        connection.execute(project.insert(), {"id": 1, "version": 1})
    assert replace(registry).folder == registry.folder
