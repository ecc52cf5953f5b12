"""S3: moto's server of the run's own, a container with it, or a server that was given."""
