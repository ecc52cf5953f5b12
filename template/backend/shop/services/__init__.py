"""Business rules without web framework or SQL. A service commits its own work."""
