"""Accounts and memberships in Django's admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from consonance.people.models import Membership, User


class MembershipInline(admin.TabularInline):
    """A person's roles, on the person's page."""

    model = Membership
    extra = 0


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Accounts."""

    inlines = [MembershipInline]
    list_display = ["username", "is_simulated", "is_active", "last_login"]
    list_filter = ["is_simulated", "is_active", "memberships__role"]
