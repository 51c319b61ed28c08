"""Telling clients what others change in notebooks."""
