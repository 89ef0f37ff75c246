"""Faults on purpose: status codes, delays, resets, corrupt answers."""
