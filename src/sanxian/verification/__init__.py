"""Verification: whether a report still holds."""
