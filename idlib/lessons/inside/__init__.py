"""Inside P: notebook 15."""
