"""Benchmarks that come with the program; a regular package, so that its files are found when installed."""
