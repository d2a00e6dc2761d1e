"""What runs in the sandboxes: the driver of the tests, the candidate, and what they say to each other.

These modules are handed over as text and run without the project, so they import nothing but the standard library
and each other, and little of that, since each check pays for it twice.
"""
