"""The routes that the shop has with Redis."""
