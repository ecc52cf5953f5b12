"""Jobs that run outside requests, in Celery workers."""
