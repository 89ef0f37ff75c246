"""Pages to look at what the platform holds: lists, and scenes and inputs in the viewer. Read-only."""
