"""Language models: notebook 08."""
