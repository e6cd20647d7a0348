"""Sanxian 三线: ecological-environment zoning control (生态环境分区管控) as software."""

__version__ = "0.1.0"
