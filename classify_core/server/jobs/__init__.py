"""How jobs are worked on."""
