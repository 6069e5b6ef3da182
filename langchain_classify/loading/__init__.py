"""What a loader and a blob parser label: a wrapped loader's documents, files and blobs."""
