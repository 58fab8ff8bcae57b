"""What the jobs of a run share: files from one to the next, and what each says of its making."""
