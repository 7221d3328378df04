"""What crosses the wire, read and written."""
