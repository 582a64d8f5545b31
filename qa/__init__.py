"""Question -> verified, quoted answer."""
