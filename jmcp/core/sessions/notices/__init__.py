"""Notices of calls: those of one result, and those that no result could deliver."""
