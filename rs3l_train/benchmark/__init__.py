"""How fast training runs, and how fast the machine could."""
