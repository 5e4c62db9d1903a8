"""Stand-ins for the outside world: a Stripe-compatible payment provider and a mail sink. A program apart.

It imports nothing of the other floors and none of them imports it: they meet over HTTP and SMTP only, as they would
meet the real thing. Everything it knows is in one SQLite file, so a restart forgets nothing. It must never see a real
card: numbers that aren't test numbers are declined and only their last four digits are kept.
"""
