"""Where a telephone number is, and what it is: region, zones, days off, type. Knows numbers and days off, no law."""
