"""Who may come in: accounts, passwords, sessions, and the keys of machines."""
