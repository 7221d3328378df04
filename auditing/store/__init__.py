"""The database: its tables, its migrations, its chains, and how a commit is shared."""
