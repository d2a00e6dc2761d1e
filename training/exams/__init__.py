"""How the student is examined: probes, scorers, the sandbox, the mastery gate and the statistics of pairs."""
