"""One poll for a hundred jobs: a watcher that knows when a look is worth its request.

`lookup` asks, `durations` learns, `prompt`, `schedule` and `harvest` decide when, `watcher` does it.
"""
