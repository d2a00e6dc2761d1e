"""Domain packs that come with the program; a regular package, so that its files are found when installed."""

from pathlib import Path

ARITHMETIC = Path(__file__).with_name("arithmetic.yaml")
"""What the entry point `arithmetic` of the group `ioa.domains` stands for."""
FIRST_STEPS = Path(__file__).with_name("first-steps.yaml")
"""The same of `first-steps`."""
ALGEBRA = Path(__file__).with_name("algebra.yaml")
"""The same of `algebra`."""
WORD_PROBLEMS = Path(__file__).with_name("word-problems.yaml")
"""The same of `word-problems`."""
PYTHON = Path(__file__).with_name("python.yaml")
"""The same of `python`."""
