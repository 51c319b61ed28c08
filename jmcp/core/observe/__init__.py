"""What is logged, audited and counted of calls and sessions."""
