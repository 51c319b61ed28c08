"""How people's browsers come in without a token in a URL: tickets, and what they become."""
