"""A client's settings: their fields, where they hold, and the pages made from them."""
