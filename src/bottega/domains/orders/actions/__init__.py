"""What happens to orders: placing (in batches), moving (one `transition`), paying, changing."""
