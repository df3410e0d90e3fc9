"""One feature a file: one class, one `set_up`, one end-to-end test. Features do not import each other."""
