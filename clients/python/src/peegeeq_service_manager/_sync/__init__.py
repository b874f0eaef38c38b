"""Blocking: generated from the awaited one by tools/unasync.py."""
