"""Recordings at rest: encoded, checked, encrypted, stored. Knows files and keys; knows no call and no database."""
