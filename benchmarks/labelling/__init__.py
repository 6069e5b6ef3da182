"""What `benchmarks/llama_index.py` and `benchmarks/langchain.py` are made of."""
