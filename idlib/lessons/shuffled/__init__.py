"""Shuffled pixels: notebook 04."""
