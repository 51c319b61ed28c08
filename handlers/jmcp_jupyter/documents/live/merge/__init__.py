"""A merge of three versions of a notebook: plain JSON in and out, nothing shared is touched."""
