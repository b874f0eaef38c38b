"""Awaited."""
