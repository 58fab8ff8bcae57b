"""What a run will take, before it runs; and what it took, afterwards."""
