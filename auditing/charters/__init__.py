"""A bureau's charters: every version, which was in force when, and which tickets another would move."""
