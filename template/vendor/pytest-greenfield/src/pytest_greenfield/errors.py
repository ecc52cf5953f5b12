"""What goes wrong on the way to a service, in sentences for people."""


class ServiceUnavailableError(Exception):
    """A service cannot be had; the message is one sentence that names the command that helps."""


class UnsafeDatabaseError(ServiceUnavailableError):
    """A database was named that tests must not touch; nothing has been connected to."""


class RestoreError(Exception):
    """The database cannot be brought back to its baseline; the message is one sentence."""
