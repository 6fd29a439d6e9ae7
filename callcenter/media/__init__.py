"""Media: the only code that knows both a channel's protocol and the call center's words. One folder per medium."""
