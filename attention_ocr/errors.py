"""The one exception a user meets: a line that names the thing, the value and the way out."""


class UserError(ValueError):
    """Something the user gave is wrong; its message is one line and complete.

    Jobs print it as `error: MESSAGE` and exit with status 1; library callers catch it as a ValueError.
    """
