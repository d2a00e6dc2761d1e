"""Errors that a person can act on."""


class UserError(Exception):
    """Something outside the program is wrong; the message says what, where, what was expected, what to do.

    The command line prints it without a traceback and exits with `exit_code`.
    """

    exit_code = 2


class Stopped(UserError):
    """The run cannot go on now but loses nothing: `ioa resume` continues it."""

    exit_code = 3


class Paused(Stopped):
    """The run waits for a person; the message says what for."""

    exit_code = 0


class ScoringError(Stopped):
    """A reply could not be graded, which says nothing about the reply: never a score of 0."""
