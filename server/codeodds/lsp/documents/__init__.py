"""Open documents: their text, when they are scored, and what is known of them."""
