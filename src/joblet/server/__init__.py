"""Who calls, may they, and messages to the runner and back."""
