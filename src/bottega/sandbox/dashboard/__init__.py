"""The sandbox's own pages: payments, refunds, disputes, webhooks, faults and the clock, with a button for each mischief."""
