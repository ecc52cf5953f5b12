"""The routes. Every `router` in a module here is included."""
