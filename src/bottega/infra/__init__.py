"""The I/O floor: database, transactions, group commit, outbox, log, auth, settings, telemetry, web.

No word of the trade."""
