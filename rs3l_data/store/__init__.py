"""Files: writer, reader, manifest, digest."""
