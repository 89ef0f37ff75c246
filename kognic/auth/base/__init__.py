"""What the authenticated clients of both HTTP libraries share."""
