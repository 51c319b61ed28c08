"""The refusals, one module for each part of a spec."""
