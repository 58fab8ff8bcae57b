"""Events from and to other programs: Les Houches files of hard events, HepMC3 files of showers."""

from rs3l_data.errors import ConfigError

try:
    import pyhepmc  # noqa: F401
    import pylhe  # noqa: F401
except ModuleNotFoundError as error:
    raise ConfigError(
        f"files of other programs need the package {error.name}:"
        " `pip install '.[exchange]'` in a clone"
    ) from None
