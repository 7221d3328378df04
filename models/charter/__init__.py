"""A bureau's division of work, beside the model: who is responsible for what, where and since when."""
