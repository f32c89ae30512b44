"""How does the database learn whose data may be seen? Django's backend for PostgreSQL, with scoped statements."""
