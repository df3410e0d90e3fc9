"""What repairs pygls and converts between the protocol and the engine."""
