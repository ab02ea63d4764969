"""
The entry point of ``python -m oauth_cc``, which is the command ``oauth-cc``.
"""

import sys

from oauth_cc.cli import main

if __name__ == "__main__":
    sys.exit(main())
