"""Events from and to other programs: Les Houches files of hard events, HepMC3 files of showers."""
