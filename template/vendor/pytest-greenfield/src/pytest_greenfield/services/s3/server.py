"""moto's server, which also remembers what was written to: `python -m … PORT`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

QUESTION = "/pytest-greenfield/written/"
_READING = ("GET", "HEAD", "OPTIONS")
_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def remembering(application: _Application) -> _Application:
    """Answer QUESTION + name: `1` where something that begins with it was written to since."""
    written: set[str] = set()

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ["PATH_INFO"])
        if path.startswith(QUESTION):
            touched = {place for place in written if path.removeprefix(QUESTION) in place}
            written.difference_update(touched)
            start_response("200 OK", [("Content-Length", "1")])
            return [b"1" if touched else b"0"]
        place = f"{environ.get('HTTP_HOST', '')}/{path.split('/')[1] if '/' in path else ''}"
        if environ["REQUEST_METHOD"] in _READING:
            return application(environ, start_response)
        written.add(place)
        try:
            return application(environ, start_response)
        finally:
            written.add(place)  # again: the question may have been asked meanwhile

    return call


if __name__ == "__main__":
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    moto = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(sys.argv[1]), remembering(moto), threaded=True)
