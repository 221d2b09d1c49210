"""Editing documents: typed changes, their inverse, differences, and the canonical form."""
