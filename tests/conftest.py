"""Settings of the whole suite: deterministic Hypothesis in CI, no silent skips there; the runner of the command line."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

from command_line import Ran, Run
from registry_databases import cluster, database, registry  # noqa: F401, fixtures for every test

# In CI every run tries the same examples, so that a red run can be repeated; at a desk new ones are tried.
NO_SKIP = bool(os.environ.get("SANXIAN_NO_SKIP"))

hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("ci" if NO_SKIP else "desk")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which a test was skipped or expected to fail: a green run means all was tested."""
    if NO_SKIP and _not_run(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that did not run, above pytest's own last line."""
    if not NO_SKIP:
        return
    for report in _not_run(terminalreporter.config):
        terminalreporter.write_line(f"SANXIAN_NO_SKIP: not run: {report.nodeid or report}", red=True)


def _not_run(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    stats = getattr(reporter, "stats", {})  # absent in the workers of pytest-xdist, which decide nothing
    return [report for kind in ("skipped", "xfailed", "xpassed") for report in stats.get(kind, [])]


@pytest.fixture
def sanxian(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder and a plain environment."""
    from sanxian.cli import main

    monkeypatch.chdir(tmp_path)

    monkeypatch.setenv("COLUMNS", "120")

    def run(*args: object, environ: dict[str, str] | None = None) -> Ran:
        for name in ("SANXIAN_LANG", "SANXIAN_EDITION"):
            monkeypatch.delenv(name, raising=False)
        for name, value in (environ or {}).items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        status = main([str(a) for a in args])
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of 示例市."""
    from sample_edition import sample_edition
    from sanxian.edition import write_edition

    path = tmp_path_factory.mktemp("edition") / "sample.gpkg"
    write_edition(sample_edition(), path)
    return path
