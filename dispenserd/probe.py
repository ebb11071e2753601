"""The named points at which a rehearsal may end the process, and whoever is told that one is passed.

Knows the names alone. `dispenserd.probed` puts them on the way of facts, orders and commits, and only where a
probe was given; `dispenserd run` gives none.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Point(StrEnum):
    """A closed list: whoever kills at points kills at each of them."""

    # the start
    OPENED = "opened"  # store open and replayed, DaemonStarted not committed
    GREETED = "greeted"  # hello answered, not committed
    LOG_PAGE_READ = "log_page_read"  # a page of the log that is being caught up, not committed
    # every commit
    BEFORE_COMMIT = "before_commit"
    IN_COMMIT = "in_commit"  # events and outbox rows are with the store's thread, which has not said "done"
    AFTER_COMMIT = "after_commit"  # on disk, and nobody has been told
    # an order
    ORDER_COMMITTED = "order_committed"  # checked once more, not handed to the robot's link
    ORDER_SENT = "order_sent"  # with the robot's link, which writes it at its next turn
    FIRST_BYTE = "first_byte"  # one byte of its frame is on the line, the rest is not
    ANSWERED = "answered"  # its end is heard, not committed
    # an incident or an answer
    BEFORE_PUBLISH = "before_publish"
    AFTER_PUBACK = "after_puback"  # the broker has it, the home has not heard so
    RECEIPT_ARRIVED = "receipt_arrived"  # genuine, not committed
    RECEIPT_COMMITTED = "receipt_committed"  # not acknowledged to the broker
    # an administration
    BEFORE_FILING = "before_filing"
    FILED = "filed"  # in the folder, not committed


Probe = Callable[[Point], None]
"""Called whenever a point is passed, on the loop; it may not return."""
