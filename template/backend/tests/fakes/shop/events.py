"""An event bus that remembers."""

from backend.shop.adapters.events import Event, MemoryEventBus


class RecordingEventBus(MemoryEventBus):
    """Works, keeps what was published, and fails for events that a test names.

    Attributes:
        published: Every event that was handed over.
        failing: Types of events that cannot be handed over.
    """

    def __init__(self) -> None:
        """Make an empty one."""
        super().__init__()
        self.published: list[Event] = []
        self.failing: set[str] = set()

    async def publish(self, event: Event) -> None:
        """Remember the event and pass it on."""
        if event.type in self.failing:
            raise ConnectionError("The broker is gone.")
        await super().publish(event)
        self.published.append(event)
