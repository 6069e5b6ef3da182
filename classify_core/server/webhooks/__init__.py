"""How the server reports the progress of jobs."""
