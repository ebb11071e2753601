"""What staff read, in Danish and English: one table an idea, a pair of words a code. No rule, no I/O.

The codes are the home's and on-call's own, and open: one from a newer home has no words yet and is shown as
it is, never left out. Danish is the language of home care, short and neutral. "Taget" is never said of a dose
that was lifted out of the robot: nobody knows whether it was swallowed.
"""
