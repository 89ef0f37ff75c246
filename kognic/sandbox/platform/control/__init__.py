"""The control API: seeding, watching and tuning a sandbox, beside the public API."""
