"""Reward instead of labels: notebook 14."""
