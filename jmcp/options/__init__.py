"""One table of options for the command line, variables, config.toml and traits."""
