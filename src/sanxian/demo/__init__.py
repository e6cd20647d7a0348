"""The demo edition: synthetic geography and clauses, 示例数据，非官方."""
