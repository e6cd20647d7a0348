"""``python -m sanxian``."""

import sys

from sanxian.cli import main

sys.exit(main())
