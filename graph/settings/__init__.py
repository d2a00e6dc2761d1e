"""Settings of the run file that belong to the graph itself, a section a file."""
