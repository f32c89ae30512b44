"""What does the AI do? Compose answers, run them, choose engines; import the module, not its names."""
