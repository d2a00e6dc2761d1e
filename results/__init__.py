"""Looking at runs: which there are, what one did, how two of them differ. Nothing here changes a run.

`facts` reads all that a run has left, `summary` puts it in numbers, `run_cards` in a line, `overview` on a page,
`explanation` walks back from a lesson to its evidence, and `comparison` puts two runs side by side.
"""
