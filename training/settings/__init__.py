"""Settings of the run file that belong to the student, its training and its examination, a section a file."""
