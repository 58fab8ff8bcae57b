"""What holds for all tests."""

from hypothesis import settings

# A first call compiles, disks and machines are shared: how long one example takes says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
