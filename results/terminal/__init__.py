"""Runs in the terminal: tables, pages, the transcript and the live display."""
