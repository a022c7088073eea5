"""MNIST: notebook 03."""
