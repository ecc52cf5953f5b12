"""Exclude session-lifetime objects from garbage collection.

Importing and collecting make hundreds of objects for each test, and all of them stay. Searching
through them for cycles took a seventh of a run of thousands of unit tests, much of it when the
process ends. The search pauses until the first test's own code is called, with its imports and
shared fixtures made, and from then on passes over what was there.
"""

import gc


class GcFreeze:
    """The pause. Nothing happens where the search is off anyway."""

    def __init__(self) -> None:
        self._paused = False

    def begin(self) -> None:
        """Pause the search."""
        self._paused = gc.isenabled()
        gc.disable()

    def end(self) -> None:
        """Go on, without what is there now. Every call but the first does nothing."""
        if self._paused:
            self._paused = False
            gc.freeze()
            gc.enable()
