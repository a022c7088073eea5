"""Bigger models: notebook 10."""
