"""Run files that come with the program; a regular package, so that they are found when installed."""
