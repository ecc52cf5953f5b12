"""Jobs that run outside of requests, in worker processes of Celery."""
