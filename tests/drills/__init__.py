"""Failures made on purpose. `make drills` makes many; `test_drills.py` a few of each kind."""
