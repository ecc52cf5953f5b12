"""Something that is done in a thread beside the main one, which later waits for it."""

import threading
from collections.abc import Callable


class Beside:
    """Runs `action` in a thread."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._error: BaseException | None = None
        # A daemon: a run that is interrupted twice does not wait for it.
        self._thread = threading.Thread(target=self._run, name="pytest-greenfield", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._action()
        except BaseException as error:
            self._error = error

    def wait(self) -> None:
        """Wait for its end; nothing is raised."""
        self._thread.join()

    def result(self) -> None:
        """Wait for its end, and raise what it has raised."""
        self.wait()
        if self._error is not None:
            raise self._error
