"""The sandbox's own pages: payments, refunds, disputes, webhooks, faults, the clock; a button for each mischief."""
