"""An HTTP peer on a real socket."""

from pytest_httpserver import HTTPServer


class QuickServer(HTTPServer):
    """Stops at once; the library's server polls twice a second."""

    def thread_target(self) -> None:
        """Serve until told to stop."""
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.01)
