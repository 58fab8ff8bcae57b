"""What generators make and everything downstream reads: plain tables of events."""
