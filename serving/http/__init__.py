"""The outermost layers: connections, short cuts, replies, and errors as HTTP."""
