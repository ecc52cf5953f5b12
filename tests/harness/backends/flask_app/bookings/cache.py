import os

import redis

# Made at import, without a prefix, as in production.
client = redis.Redis.from_url(os.environ.get("CACHE_URL", "redis://localhost"))


def count_visit(room_id):
    """Return how often the room was looked at within an hour."""
    visits = client.incr(f"visits:{room_id}")
    client.expire(f"visits:{room_id}", 3600)
    return visits
