"""Scenes: creation in both forms, validation, processing, queries."""
