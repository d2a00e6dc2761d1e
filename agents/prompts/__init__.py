"""The prompts, one file for each role, task and strategy; a regular package, so that they are found when installed."""
