"""Stand-ins for the outside world: a Stripe-compatible payment provider and a mail sink. A program apart."""
