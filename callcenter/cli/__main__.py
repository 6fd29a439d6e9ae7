"""`python -m callcenter.cli` is the program `callcenter`."""

from callcenter.cli import main

if __name__ == "__main__":
    main()
