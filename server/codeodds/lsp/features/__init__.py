"""One feature a file: one class, one end-to-end test, and one `set_up`, or one `create` where it is imported when asked.

Features do not import each other.
"""
