"""What `benchmarks/llama_index.py` is made of."""
