"""An open-source call center on Asterisk. See ARCHITECTURE.md for how it is built."""
