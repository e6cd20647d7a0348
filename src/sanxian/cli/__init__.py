"""The command line: a client of the library like any other (docs/reference/cli.md).

``shell`` is what stands around every command, ``commands`` are the commands, ``show`` is how results look.
Nothing heavy is imported before a command runs, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status (the table is in ``shell.EXIT_STATUS``)."""
    from sanxian.cli import commands, shell

    return shell.run(commands.app, sys.argv[1:] if args is None else args, os.environ)


def build_app() -> typer.Typer:
    """Return the typer application, for documents and tests that walk its commands."""
    from sanxian.cli import commands

    return commands.app
