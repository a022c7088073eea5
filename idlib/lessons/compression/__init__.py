"""Compression: notebook 07."""
