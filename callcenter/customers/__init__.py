"""Who calls: numbers in one form, customers in and out as CSV, and what a screen shows of a call. Decides no call."""
