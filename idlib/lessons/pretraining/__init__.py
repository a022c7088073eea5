"""Pretraining: notebook 09."""
