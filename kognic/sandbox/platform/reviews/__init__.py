"""Reviews of annotations."""
