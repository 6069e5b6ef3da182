"""Many inputs in one call: the inputs, their runs as tracers see them, and what comes of each as it is done."""
