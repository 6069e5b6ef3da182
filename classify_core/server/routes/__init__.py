"""The routes: each reads a request, asks the store once, and answers a schema."""
