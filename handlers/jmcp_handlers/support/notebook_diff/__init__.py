"""How two states of a notebook differ."""
