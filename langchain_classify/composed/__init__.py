"""What `with_retry`, `with_fallbacks`, `map` and the like make of a runnable of ours."""
