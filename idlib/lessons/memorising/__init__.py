"""Learning by heart: notebook 06."""
