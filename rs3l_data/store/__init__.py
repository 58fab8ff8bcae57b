"""Files: schema, writer, reader, manifest, digest."""
