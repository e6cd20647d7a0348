"""Two editions side by side, and the statistics of one."""

from __future__ import annotations

import typer

app = typer.Typer()
