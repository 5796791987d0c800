"""What can go wrong when somebody asks the inbox for something. Doors turn these into answers."""

from __future__ import annotations


class InboxError(Exception):
    """Base of all refusals. `code` is stable for scripts; the message is English and carries no personal data."""

    code = "error"


class NotFound(InboxError):
    """It does not exist, or not for this person: the two are never told apart."""

    code = "not_found"


class NotAllowed(InboxError):
    """The person may see it, but their role does not include this action."""

    code = "not_allowed"


class IllegalMove(InboxError):
    """The ticket's status does not allow this action now."""

    code = "illegal_move"


class Invalid(InboxError):
    """An input is missing or makes no sense. `field` names it."""

    code = "invalid"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class StaleVersion(InboxError):
    """The ticket changed since the person looked. `current` is its version now."""

    code = "stale_version"

    def __init__(self, message: str, *, current: int) -> None:
        super().__init__(message)
        self.current = current


class Busy(InboxError):
    """Somebody else holds the lease. `owner` says who, `until` when it ends without renewal."""

    code = "busy"

    def __init__(self, message: str, *, owner: str) -> None:
        super().__init__(message)
        self.owner = owner


class Overloaded(InboxError):
    """More has come in than can be dealt with soon; whoever sent it has to send it again."""

    code = "overloaded"
