"""What the postprocessor does with stores: documents are looked up in a docstore, and labels are written back."""
