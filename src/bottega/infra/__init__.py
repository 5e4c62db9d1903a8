"""The I/O floor: database, transactions, group commit, outbox and log, auth, settings, telemetry, web. No word of the trade."""
