"""What is raised when the engine breaks one of its promises. Knows nothing else."""


class Violation(AssertionError):
    """An invariant does not hold. The message says which, and where `seed`, time and contact are known, those too."""
