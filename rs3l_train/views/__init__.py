"""Views of jets, in memory or streamed, gathered into batches of network inputs."""
