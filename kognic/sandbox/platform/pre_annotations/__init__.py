"""Pre-annotations of scenes."""
