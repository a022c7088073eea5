"""The command line, and what makes notebooks, slides, pages and measurements."""
