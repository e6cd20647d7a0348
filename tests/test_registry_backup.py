from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from registry_databases import NOW, Cluster
from registry_samples import add
from sanxian.errors import AttachmentBroken, BackupRefused, OutputFailed, RegistryBroken, SanxianError
from sanxian.registry import (
    Registry,
    attachments,
    audit,
    backup,
    create_registry,
    editions,
    open_registry,
    search,
)
from sanxian.registry.projects import EVERYTHING
from sanxian.registry.search import Filter
from sanxian.registry.verifying import verify
from test_registry_store import writers


@pytest.fixture
def filled(registry: Registry, sample: Path) -> Registry:
    """A registry with everything a backup has to carry."""
    with registry.begin() as connection:
        editions.register(connection, registry, sample, at=NOW, by="x")
        entered = add(connection)
        content = attachments.store(registry, (b"%PDF-1.4 report",), name="a.pdf")
        attachments.add(connection, EVERYTHING, entered.id, content, name="a.pdf", at=NOW, by="x")
    (registry.folder / "sanxian.toml").write_text("# may hold a password\n", "utf-8")
    return registry


def place(registry: Registry, cluster: Cluster) -> str | None:
    """Where a backup of this kind is restored to."""
    return None if registry.engine.dialect.name == "sqlite" else cluster.empty()


def test_a_backup_restores_to_the_same_registry(filled: Registry, cluster: Cluster, tmp_path: Path) -> None:
    made = backup.backup(filled, tmp_path / "b.tar", now=NOW)
    with tarfile.open(tmp_path / "b.tar") as archive:
        names = archive.getnames()
    assert names[0] == "manifest.json"
    assert not any("sanxian.toml" in name for name in names)
    assert len(names) == len(made.files) + 1 == 4
    url = place(filled, cluster)
    assert backup.restore(tmp_path / "b.tar", tmp_path / "new", url=url) == made
    restored = open_registry(tmp_path / "new", url=url)
    report = verify(restored, known=made.head)
    assert report.faults == ()
    assert report.looked_at == verify(filled).looked_at
    with restored.begin() as connection, filled.read() as original:
        assert search.find(connection, EVERYTHING, Filter()) == search.find(original, EVERYTHING, Filter())
        assert audit.entries(connection) == audit.entries(original)
        add(connection)
    assert verify(restored, known=made.head).faults == ()
    restored.close()
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_a_backup_while_another_process_writes_is_one_state(
    filled: Registry, cluster: Cluster, tmp_path: Path
) -> None:
    (process,) = writers(filled, 1, 10_000)
    try:

        def number() -> int:
            with filled.read() as connection:
                return search.count(connection, EVERYTHING, Filter()).number

        while number() < 5:
            assert process.poll() is None
        made = backup.backup(filled, tmp_path / "b.tar", now=NOW)
        after = number()
        while number() == after:  # it went on writing
            assert process.poll() is None
    finally:
        process.kill()
        process.communicate()
    url = place(filled, cluster)
    backup.restore(tmp_path / "b.tar", tmp_path / "new", url=url)
    restored = open_registry(tmp_path / "new", url=url)
    assert verify(restored, known=made.head).faults == ()
    with restored.read() as connection:
        assert search.count(connection, EVERYTHING, Filter()).number <= after
    restored.close()


def sqlite_backup(tmp_path: Path) -> Path:
    registry = create_registry(tmp_path / "r", now=NOW)
    with registry.begin() as connection:
        content = attachments.store(registry, (b"some content",), name="a")
        attachments.add(connection, EVERYTHING, add(connection).id, content, name="a", at=NOW, by="x")
    backup.backup(registry, tmp_path / "b.tar", now=NOW)
    registry.close()
    return tmp_path / "b.tar"


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Write the archive again with other members."""
    with tarfile.open(path) as archive:
        members = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    change(members)
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def manifest(members: dict[str, bytes], change: Callable[[dict[str, object]], object]) -> None:
    said = json.loads(members["manifest.json"])
    change(said)
    members["manifest.json"] = json.dumps(said).encode()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no tar" * 1000),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: flip(path, path.stat().st_size // 2),
        lambda path: flip(path, 520),  # in the manifest
        lambda path: rewritten(path, lambda m: m.pop("registry.db")),
        lambda path: rewritten(path, lambda m: m.pop("manifest.json")),
        lambda path: rewritten(path, lambda m: m.update({"more.txt": b"x"})),
        lambda path: rewritten(path, lambda m: m.update({"../../evil": b"x"})),
        lambda path: rewritten(path, lambda m: manifest(m, lambda s: s.update(schema="other/1"))),
        lambda path: rewritten(path, lambda m: manifest(m, lambda s: s.update(audit="99:" + "0" * 64))),
        lambda path: rewritten(path, lambda m: manifest(m, lambda s: s.update(files={"../evil": {"size": 1, "sha256": "0"}}))),
        lambda path: path.unlink(),
    ],
)  # fmt: skip
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    path = sqlite_backup(tmp_path)
    damage(path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupRefused):
        backup.restore(path, tmp_path / "new")
    assert sorted(tmp_path.rglob("*")) == before


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    path = sqlite_backup(tmp_path)
    with tarfile.open(path) as archive:
        content = archive.extractfile("manifest.json").read()  # type: ignore[union-attr]
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("registry.db")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(BackupRefused):
        backup.restore(path, tmp_path / "new")


def test_a_place_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    path = sqlite_backup(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").write_text("mine", "utf-8")
    (tmp_path / "file").write_text("mine", "utf-8")
    for target in ("full", "file"):
        with pytest.raises(BackupRefused):
            backup.restore(path, tmp_path / target)
    (tmp_path / "empty").mkdir()
    backup.restore(path, tmp_path / "empty")
    assert (tmp_path / "full" / "a").read_text("utf-8") == "mine"


def test_a_backup_of_one_kind_is_not_restored_into_the_other(cluster: Cluster, tmp_path: Path) -> None:
    path = sqlite_backup(tmp_path)
    with pytest.raises(BackupRefused):
        backup.restore(path, tmp_path / "new", url=cluster.empty())


def test_a_database_that_is_not_empty_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    registry = open_registry(tmp_path, url=cluster.made())
    backup.backup(registry, tmp_path / "b.tar", now=NOW)
    with pytest.raises(BackupRefused):
        backup.restore(
            tmp_path / "b.tar",
            tmp_path / "new",
            url=registry.engine.url.render_as_string(hide_password=False),
        )
    assert not (tmp_path / "new").exists()
    registry.close()


def test_without_pg_dump_it_says_so(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PROGRAMS", "/no/such/*/bin")
    monkeypatch.setattr("shutil.which", lambda _: None)
    registry = open_registry(tmp_path, url=cluster.made())
    with pytest.raises(BackupRefused, match="pg_dump"):
        backup.backup(registry, tmp_path / "b.tar", now=NOW)
    assert not (tmp_path / "b.tar").exists()
    registry.close()


def test_a_damaged_attachment_stops_a_backup_and_the_last_one_stays(tmp_path: Path) -> None:
    path = sqlite_backup(tmp_path)
    before = path.read_bytes()
    registry = open_registry(tmp_path / "r")
    (kept,) = (p for p in registry.attachments.rglob("*") if p.is_file())
    kept.write_bytes(b"other")
    with pytest.raises(AttachmentBroken):
        backup.backup(registry, path, now=NOW)
    assert path.read_bytes() == before
    assert [fault.code for fault in verify(registry).faults] == ["ATTACHMENT"]
    registry.close()


def test_a_backup_into_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    registry = create_registry(tmp_path / "r", now=NOW)
    with pytest.raises(OutputFailed):
        backup.backup(registry, tmp_path / "no" / "b.tar", now=NOW)
    registry.close()


FILLS = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sanxian.errors import SanxianError
from sanxian.registry import backup, open_registry
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    if sys.argv[4] == "backup":
        backup.backup(open_registry(Path(sys.argv[1])), Path(sys.argv[2]), now=datetime(2026, 9, 1, tzinfo=UTC))
    else:
        backup.restore(Path(sys.argv[2]), Path(sys.argv[1] + "-new"))
except SanxianError as error:
    print(error.code)
"""


@pytest.mark.parametrize(("what", "most"), [("backup", 200_000), ("restore", 200_000)])
def test_a_full_disk_leaves_the_last_backup_or_nothing(tmp_path: Path, what: str, most: int) -> None:
    path = sqlite_backup(tmp_path)
    before, there = path.read_bytes(), sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-c", FILLS, str(tmp_path / "r"), str(path), str(most), what],
        capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.stdout.strip() in ("OUTPUT_FAILED", "REGISTRY_BACKUP", "REGISTRY_DISK_FULL"), done.stderr
    assert path.read_bytes() == before
    assert sorted(tmp_path.iterdir()) == there


def test_verify_names_every_kind_of_damage(filled: Registry) -> None:
    assert verify(filled).faults == ()
    with filled.begin() as connection:
        connection.exec_driver_sql("UPDATE tally SET projects = projects + 1")
    for file in (*filled.editions.iterdir(), *(p for p in filled.attachments.rglob("*") if p.is_file())):
        file.write_bytes(b"damaged")
    found = verify(filled, known=audit.Head(1, "0" * 64)).faults
    assert [fault.code for fault in found] == ["AUDIT", "TALLY", "ATTACHMENT", "EDITION"]
    assert all(fault.zh and fault.en for fault in found)
    assert issubclass(RegistryBroken, SanxianError)
