"""The connection, what repairs pygls, what both sides can, and requests that the protocol does not have."""
