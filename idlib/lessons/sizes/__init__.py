"""Model size: notebook 05."""
