"""Where the documents of a `ClassifyReader` come from: files, or another reader."""
