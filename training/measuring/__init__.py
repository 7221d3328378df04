"""What a model is worth on labelled rows: figures with intervals, against peers, by slice."""
