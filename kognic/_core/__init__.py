"""What every package shares: errors, redaction, atomic files, documents, clock, version, lazy imports."""
