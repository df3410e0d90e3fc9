"""The side of the judge that runs in the sandbox. Standard library only, and no knowledge of tests."""
