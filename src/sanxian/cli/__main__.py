"""``python -m sanxian.cli``."""

import sys

from sanxian.cli import main

sys.exit(main())
