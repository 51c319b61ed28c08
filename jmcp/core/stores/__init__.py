"""Where session records, runs and the change journal are kept: memory, SQLite, Redis."""
