"""Views of jets in memory, gathered into batches of network inputs."""
