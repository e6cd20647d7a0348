"""Settings of the whole suite: deterministic Hypothesis in CI, and no silent skips there."""

from __future__ import annotations

import os

import hypothesis
import pytest

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
