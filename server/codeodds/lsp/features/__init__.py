"""One feature a file: one class, and one function that sets it up or makes it. Features do not import each other."""
