"""What the ground floor says when it can't do what was asked."""


class AlreadyExists(Exception):
    """Something with this name or number is there already; the message is a sentence for a person."""


class NotFound(Exception):
    """There is nothing of that name or number; the message is a sentence for a person."""


class ChangedMeanwhile(Exception):
    """Somebody else has changed it since it was looked at; the message is a sentence for a person."""


class AlreadyStored(Exception):
    """A document of this batch is stored already, or was stored meanwhile by another process: look before you write."""


class StorageUnavailable(Exception):
    """The database does not answer, or broke off. Whether the last commit took effect is unknown: send it again."""
