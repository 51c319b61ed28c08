"""Tools about cells: reading, finding and changing them."""
