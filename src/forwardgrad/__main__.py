"""`python -m forwardgrad`: the command without installation, `PYTHONPATH=src` is enough."""

import sys

from forwardgrad.pipeline.cli import main

if __name__ == "__main__":
    sys.exit(main())
