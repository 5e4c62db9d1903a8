"""The database: schema.sql is the whole of it, migrations are the way there."""
