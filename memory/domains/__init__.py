"""What can be taught: packs, generators of problems, item files, and the bank of a run's items."""
