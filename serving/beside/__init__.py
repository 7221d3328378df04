"""What runs beside the requests: versions and charters followed, the challenger, the watch and its notices."""
