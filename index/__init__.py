"""Articles -> a searchable index on disk."""
