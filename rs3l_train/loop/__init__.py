"""The training loop and what it needs: schedule, progress, logs, saved runs."""
