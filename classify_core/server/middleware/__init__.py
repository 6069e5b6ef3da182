"""What every request passes before the routes. ASGI classes, made as `(app, service)`.

From the outside in: `request_log.RequestLogging`, `authentication.Authentication`, `rate_limiting.RateLimiting`,
`faults.FaultInjection`, `body_limit.BodyLimit`.
"""
