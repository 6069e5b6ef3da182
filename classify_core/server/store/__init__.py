"""What the server keeps: one SQLite file and a folder of documents."""
