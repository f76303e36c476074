"""Everything that is kept: one database, one file a subject, the same statements on SQLite and PostgreSQL."""
