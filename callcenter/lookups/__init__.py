"""Questions to programs outside, over HTTP. Knows HTTP and JSON; knows no call and no flow.

`asker` asks, `answer` reads what comes back, `breaker` lets a host alone that does not answer.
"""
