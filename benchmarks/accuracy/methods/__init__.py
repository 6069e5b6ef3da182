"""What is measured, a module a method, each with a function `prepare`; those of peers may not import this project."""
