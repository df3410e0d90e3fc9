"""Names that can stand at a place, as Jedi knows them. Start at `codeodds.completion.names`."""
