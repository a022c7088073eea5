"""Generalisation: notebook 11."""
