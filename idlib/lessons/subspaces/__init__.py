"""Random subspaces: notebook 02."""
