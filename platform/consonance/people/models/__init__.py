"""People, what they may do where, and the links by which they join."""

from consonance.people.models.accounts import Membership, Role, Scope, User
from consonance.people.models.invitations import Invitation

__all__ = ["Invitation", "Membership", "Role", "Scope", "User"]
