"""Options: one table for command line, variables, config.toml and traits."""
