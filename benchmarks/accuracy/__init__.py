"""How good the embedded engine is on labelled documents, beside other methods that need no labels either."""
