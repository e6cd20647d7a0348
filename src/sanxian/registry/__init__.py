"""The registry (台账): every project, every screening, every decision, and who did what.

``store`` opens the database, ``tables`` says what is in it, ``migrations`` bring an older one up to date. Each other
module owns a subject: its functions take a connection of :meth:`Registry.begin` or :meth:`Registry.read`, so that several
of them make one transaction, and return frozen dataclasses.
"""

from sqlalchemy.engine import Connection

from sanxian.registry.store import Registry, create_registry, moment, open_registry

__all__ = ["Connection", "Registry", "create_registry", "moment", "open_registry"]
