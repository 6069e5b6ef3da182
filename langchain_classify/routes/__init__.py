"""The parts of routing: what tells a type, where it leads, and what a tracer sees of the way."""
