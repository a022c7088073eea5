"""Training, runs, stores and searches, for any model and data. Knows no names."""
