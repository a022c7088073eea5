"""A toy problem: notebook 01."""
