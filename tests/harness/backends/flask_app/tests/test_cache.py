import pytest
from bookings import cache


@pytest.mark.parametrize("number", range(3))
def test_visits_are_counted_from_one(client, attic, number):
    for visits in (1, 2):
        assert client.get(f"/rooms/{attic}").json["visits"] == visits
    assert 0 < cache.client.ttl(f"visits:{attic}") <= 3600


def test_a_cache_that_is_down(client, attic, redis_container):
    with redis_container.down():
        with pytest.raises(cache.redis.ConnectionError):
            cache.count_visit(attic)
    assert cache.count_visit(attic) == 1
