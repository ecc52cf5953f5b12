"""The search for garbage goes on during tests, without what was there before them."""

import gc
import weakref


class Node:
    """Refers to itself: only the search for cycles frees it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_collected_is_set_apart() -> None:
    assert gc.get_freeze_count() > len(gc.get_objects())


def test_a_cycle_made_by_a_test_is_found() -> None:
    assert gc.isenabled()
    node = weakref.ref(Node())
    gc.collect()
    assert node() is None
