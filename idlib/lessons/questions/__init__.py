"""Open questions: notebook 13."""
