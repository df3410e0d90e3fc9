"""`python -m codeodds` is the same as `codeodds`."""

import sys

from codeodds.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
