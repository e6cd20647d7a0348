"""Whose answers change when an edition does."""

from __future__ import annotations

import typer

app = typer.Typer()
