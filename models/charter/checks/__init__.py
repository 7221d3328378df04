"""What a charter may be found to have wrong, each kind in a module of its own; `models.charter.checking` asks them all."""
