"""A file of complaints scored: the same rows in the same order, with the answers beside them."""
