"""What all lessons share: figures, widgets, predictions, quizzes, checks."""
