"""What scripts are run with."""
