"""The package against the reference: golden values, and `reference.py`, its formulas in plain NumPy."""
