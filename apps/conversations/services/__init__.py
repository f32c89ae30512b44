"""What happens to a conversation? One module for each step of its life; import the module, not its names."""
