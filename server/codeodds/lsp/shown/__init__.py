"""What may be shown of a score, and in which words."""
