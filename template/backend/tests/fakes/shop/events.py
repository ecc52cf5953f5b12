"""An event bus that records events."""

from backend.shop.adapters.events import Event, MemoryEventBus


class RecordingEventBus(MemoryEventBus):
    """Publishes and records events, and fails for selected types.

    Attributes:
        published: Every published event.
        failing: Types of events that fail.
    """

    def __init__(self) -> None:
        """Create a bus without events."""
        super().__init__()
        self.published: list[Event] = []
        self.failing: set[str] = set()

    async def publish(self, event: Event) -> None:
        """Record the event and publish it."""
        if event.type in self.failing:
            raise ConnectionError("The broker is gone.")
        await super().publish(event)
        self.published.append(event)
