"""Role checks for API views."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from consonance.people.access import roles
from consonance.people.models import Role


class _HasRole(BasePermission):
    role: Role

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the person has the role everywhere."""
        return self.role in roles(request.user)


class IsCurator(_HasRole):
    """Curators and admins."""

    role = Role.CURATOR


class IsAnnotator(_HasRole):
    """Annotators, curators and admins."""

    role = Role.ANNOTATOR
