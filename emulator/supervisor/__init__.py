"""Several processes that serve one port: a parent that starts them, watches over them and ends them."""
