"""Clauses as people write them, and the machine form people review."""

from sanxian.clauses.grammar import parse
from sanxian.clauses.reading import Reading
from sanxian.clauses.rows import clause_from_row

__all__ = ["Reading", "clause_from_row", "parse"]
