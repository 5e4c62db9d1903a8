"""What happens to payments: recording (transactions) and asking (the provider, between transactions)."""
