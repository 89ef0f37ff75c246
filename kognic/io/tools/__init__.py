"""Tools at the paths of the official client: creating inputs in one call, custom cameras."""
