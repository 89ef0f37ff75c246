"""Workspaces that a user can see."""
