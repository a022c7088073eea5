"""What is learned, by what: tasks and models that go by name."""
