"""Which parts of the product can be measured on judged data? One module per suite; the command lists them."""
