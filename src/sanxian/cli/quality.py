"""The quality gate: what is wrong with a draft, and listed repairs."""

from __future__ import annotations

import typer

app = typer.Typer()
