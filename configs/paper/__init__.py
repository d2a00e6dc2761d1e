"""The paper's experiment as run files; a regular package, so that they are found when installed."""
