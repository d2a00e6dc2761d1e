"""Packs of those run files; a regular package, so that they are found when installed."""
