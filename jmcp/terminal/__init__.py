"""What the command line shows of runs and of what goes on: with rich in a terminal, as lines elsewhere."""
