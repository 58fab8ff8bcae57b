"""What pretraining minimises, one file each."""
