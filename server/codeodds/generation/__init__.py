"""Asks a language model for ways to go on. Only here does the server open connections, and only when told to."""
