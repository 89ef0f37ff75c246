"""Stored files behind signed URLs."""
