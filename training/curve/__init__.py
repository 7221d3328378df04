"""The learning curve: what labels have brought, and what more of them would."""
