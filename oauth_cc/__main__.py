"""
``python -m oauth_cc`` is ``oauth-cc``.
"""

import sys

from oauth_cc.cli import main

if __name__ == "__main__":
    sys.exit(main())
