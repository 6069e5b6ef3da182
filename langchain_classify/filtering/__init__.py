"""How each vector store is asked for labels: which store it is, and the filter in its own dialect."""
