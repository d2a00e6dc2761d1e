"""Settings of the run file that belong to teachers and agents, a section a file."""
