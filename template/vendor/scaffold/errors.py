"""What ends the command with a sentence."""


class RefusedError(Exception):
    """Something that cannot be made; the message says what to type or do instead."""
