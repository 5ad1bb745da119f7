"""The error root of the whole project; it stands on nothing, so every room may raise from it."""

from __future__ import annotations


class ConsonanceError(Exception):
    """Anything the project refuses or fails to do, told in a sentence a person can act on.

    Parameters
    ----------
    message
        What is wrong, where, and what to do about it.
    """

    exit_code = 1


class ParameterError(ConsonanceError, ValueError):
    """An argument, a column or a file's content is not of the form that was asked for."""

    exit_code = 2


class StateError(ConsonanceError):
    """The thing exists, but is not in a state in which this may be done."""

    exit_code = 3


class NotAllowedError(ConsonanceError):
    """The person may not do this here."""

    exit_code = 4


class IngestError(ConsonanceError):
    """A recording cannot be taken in.

    Parameters
    ----------
    message
        The sentence shown to a curator.
    reason
        The machine-readable code, one of `consonance.audio.inspect.PROBLEM_CODES`.
    """

    exit_code = 5

    def __init__(self, message: str, *, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


class ModelError(ConsonanceError):
    """Model weights are missing, altered, or not what their manifest says."""

    exit_code = 6


class ReleaseError(ConsonanceError):
    """A release breaks its contract or does not match its manifest."""

    exit_code = 7
