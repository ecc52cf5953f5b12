"""RabbitMQ: the server of the system, a container, or one that was given."""
