"""`oncall watch`: on-call's open incidents as a live view that a person can work in all night.

What is shown, in which words, in which order, and when the bell rings is decided in pure functions over rows
and an instant (`incident`, `telling`, `board`, `close_up`, `changes`, `bell`). `reading` asks the database;
`terminal` and `dialogs` draw and are all that knows the terminal's library; `stream` is the same for scripts.
"""
