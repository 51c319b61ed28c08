"""Must fail: a class that inherits a port and forgets the body."""

from golden_api.ports import ReadCell


class Reader(ReadCell):
    pass


READER = Reader()  # E: Cannot instantiate abstract class "Reader"
