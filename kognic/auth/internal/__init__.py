"""Storage behind the commands and sessions: credentials in the keyring, cached tokens."""
