"""How does a bare checkout become a running suite? Set-up, embedded services and the supervisor."""
