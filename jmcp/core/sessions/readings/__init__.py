"""What sessions have read of their notebooks, and what others changed since."""
