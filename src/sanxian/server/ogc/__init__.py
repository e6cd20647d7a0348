"""OGC API – Features over the editions of the server (``docs/reference/ogc.md``).

The layer of an opened edition is in memory, so a request is a question to arrays and an R-tree: no database, no copy that
could be behind. Other modules of the server mount :func:`routes`.
"""

from sanxian.server.ogc.routes import routes

__all__ = ["routes"]
