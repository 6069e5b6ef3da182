"""What requests and answers look like; the names are those of the published OpenAPI document."""
