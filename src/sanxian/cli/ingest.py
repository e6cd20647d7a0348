"""Taking in provincial data: sources and lists into a draft."""

from __future__ import annotations

import typer

app = typer.Typer()
