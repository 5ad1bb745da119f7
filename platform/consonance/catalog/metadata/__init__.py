"""Readers of what an archive says about its recordings; no Django here."""
