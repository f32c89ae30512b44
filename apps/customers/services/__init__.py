"""What happens to customers: one module for each thing."""
