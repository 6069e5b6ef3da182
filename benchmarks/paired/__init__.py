"""What `benchmarks/hosted.py` is made of: a server, two clients in processes of their own, the cases and the report."""
