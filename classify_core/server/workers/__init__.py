"""The processes that read documents and decide about them."""
