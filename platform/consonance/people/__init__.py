"""Accounts, memberships, consent."""
