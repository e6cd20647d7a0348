"""The command line: a client of the library like any other (docs/reference/cli.md).

``shell`` is what stands around every command, ``commands`` are the commands, ``show`` is how results look.
Nothing heavy is imported before a command runs, so that ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status (the table is in ``shell.EXIT_STATUS``).

    Without ``args`` the whole process is one command. Then the collector of cycles, which would look through
    everything a command has loaded again and again and once more at the end, is kept from nearly all of that.
    """
    if args is not None:
        return _run(args)
    # young objects are looked through every 20,000 instead of every 700; old ones as seldom as that makes it
    gc.set_threshold(20_000, 20, 20)
    try:
        return _run(sys.argv[1:])
    finally:
        gc.freeze()  # what is left goes with the process


def _run(args: Sequence[str]) -> int:
    from sanxian.cli import commands, shell

    return shell.run(commands.app, args, os.environ)


def build_app() -> typer.Typer:
    """Return the typer application, for documents and tests that walk its commands."""
    from sanxian.cli import commands

    return commands.app
