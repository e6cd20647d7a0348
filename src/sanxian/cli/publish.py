"""Publishing: a checked draft becomes an immutable edition with its filing package."""

from __future__ import annotations

import typer

app = typer.Typer()
